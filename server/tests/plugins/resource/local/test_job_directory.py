"""Job directories are created and removed completely, and never lead to files of others."""

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.resource.local.worlds import IS_ROOT, World, make_user
from user_workspaces.errors import SubmissionRejected
from user_workspaces.interfaces.values import JobFile, ResourceState
from user_workspaces.plugins.resource.local import LocalResource
from user_workspaces.plugins.resource.local.job_directory import JobDirectories
from user_workspaces.testing.resource_contract import end_of, seen

FILES = (JobFile("script.sh", b"true"), JobFile("a/b/c", b"deep"), JobFile("a/b/d", b"too"))
KEY = secrets.token_hex(16)


@pytest.fixture
def directories(world: World) -> JobDirectories:
    return JobDirectories(world.base / "run")


@pytest.fixture
def made(directories: JobDirectories) -> Path:
    """The directory of a job."""
    directories.make(KEY, FILES, make_user())
    return directories.path(KEY)


@pytest.fixture
def victim(world: World) -> Iterator[Path]:
    """Somebody else's directory."""
    victim = world.base / "victim"
    victim.mkdir()
    (victim / "thesis.txt").write_text("ten years of work")
    before = state_of(victim)
    yield victim
    assert state_of(victim) == before


def state_of(path: Path) -> list[tuple[str, int, int, int]]:
    paths = [path, *sorted(path.iterdir())]
    return [(str(found), found.lstat().st_mode, found.lstat().st_uid, found.lstat().st_size) for found in paths]


def test_all_files_belong_to_the_owner_alone(made: Path) -> None:
    paths = [made, made / "a", made / "a" / "b", made / "a" / "b" / "c", made / "script.sh"]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in paths} == {(make_user().uid, make_user().gid)}
    assert [path.stat().st_mode & 0o777 for path in paths] == [0o700, 0o700, 0o700, 0o600, 0o600]


def test_root_can_be_passed_through_but_not_listed(made: Path) -> None:
    assert made.parent.stat().st_mode & 0o777 == (0o711 if IS_ROOT else 0o700)


def test_unusual_umask_changes_nothing(directories: JobDirectories) -> None:
    before = os.umask(0o077)
    try:
        directories.make(KEY, FILES[:1], make_user())
    finally:
        os.umask(before)
    assert directories.path(KEY).parent.stat().st_mode & 0o777 == (0o711 if IS_ROOT else 0o700)


def test_making_it_again_changes_nothing(directories: JobDirectories, made: Path) -> None:
    (made / "of the job").write_text("work")
    directories.make(KEY, (), make_user())
    assert sorted(path.name for path in made.iterdir()) == ["a", "of the job", "script.sh"]


def test_left_overs_of_a_submitter_that_died_are_replaced(directories: JobDirectories) -> None:
    staging = directories.root / f".{KEY[:16]}"
    staging.mkdir(parents=True)
    (staging / "half").write_text("a fi")
    directories.make(KEY, FILES, make_user())
    assert sorted(path.name for path in directories.path(KEY).iterdir()) == ["a", "script.sh"]
    assert not staging.exists()


def test_runtime_directory_that_is_a_link_is_refused(world: World, directories: JobDirectories, victim: Path) -> None:
    directories.root.symlink_to(victim)
    with pytest.raises(SubmissionRejected):
        directories.make(KEY, FILES, make_user())
    assert not world.resource().check().connected


def test_runtime_directory_that_others_may_write_is_refused(world: World, directories: JobDirectories) -> None:
    directories.root.mkdir()
    directories.root.chmod(0o777)
    with pytest.raises(SubmissionRejected):
        directories.make(KEY, FILES, make_user())
    assert not world.resource().check().connected


@pytest.mark.root
def test_runtime_directory_of_another_account_is_refused(directories: JobDirectories) -> None:
    directories.root.mkdir(mode=0o711)
    os.chown(directories.root, 21_002, 21_002)
    with pytest.raises(SubmissionRejected):
        directories.make(KEY, FILES, make_user())


@pytest.mark.root
def test_directory_of_another_account_is_never_used(directories: JobDirectories, made: Path) -> None:
    with pytest.raises(SubmissionRejected):
        directories.make(KEY, FILES, make_user(21_002))


def test_link_in_place_of_the_directory_is_refused(directories: JobDirectories, made: Path, victim: Path) -> None:
    shutil.rmtree(made)
    made.symlink_to(victim)
    with pytest.raises(SubmissionRejected):
        directories.make(KEY, FILES, make_user())
    assert not directories.remove(KEY)


def test_links_are_removed_and_not_followed(directories: JobDirectories, made: Path, victim: Path) -> None:
    shutil.rmtree(made / "a")
    (made / "a").symlink_to(victim)
    (made / "script.sh").unlink()
    (made / "script.sh").symlink_to(victim / "thesis.txt")
    (made / "deep").mkdir()
    (made / "deep" / "up").symlink_to(victim)
    assert directories.remove(KEY)
    assert not made.exists()


def test_odd_entries_are_removed(directories: JobDirectories, made: Path) -> None:
    os.mkfifo(made / "pipe")
    os.mkfifo(made / "a" / "pipe")
    (os.fsencode(made) + b"/\xff\n").decode(errors="surrogateescape")
    Path(os.fsdecode(os.fsencode(made) + b"/\xff\n")).write_text("")
    (made / ".0-0").mkdir()
    (made / ".0-0" / "x").write_text("")
    assert directories.remove(KEY)
    assert not made.exists()


def test_directories_without_rights_are_removed(directories: JobDirectories, made: Path) -> None:
    for path in (made / "a" / "b", made / "a", made):
        path.chmod(0)
    assert directories.remove(KEY)
    assert not made.exists()


def test_depth_costs_neither_stack_nor_handles(directories: JobDirectories, made: Path) -> None:
    handle = os.open(made, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=handle)
        inner = os.open("d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = inner
    os.close(handle)
    assert directories.remove(KEY)
    assert not made.exists()


def test_wide_tree_is_removed(directories: JobDirectories, made: Path) -> None:
    for number in range(300):
        (made / f"d{number}" / "inner").mkdir(parents=True)
        (made / f"d{number}" / "inner" / "file").write_text("")
    assert directories.remove(KEY)
    assert not made.exists()


def test_remove_of_a_missing_entry_is_allowed(directories: JobDirectories) -> None:
    assert directories.remove(KEY)


def test_job_that_replaced_its_files_by_links_harms_no_other_file(
    world: World, resource: LocalResource, victim: Path
) -> None:
    spec = world.spec(files=[JobFile("config/settings.py", b"x")])
    directory = resource.job_directory(spec.key)
    spec = world.spec(
        f"cd {directory.parent}/${{UWS_JOB_KEY:0:16}} && rm -rf config && ln -s {victim} config && ln -s / root"
        f" && rm script.sh && ln -s {victim}/thesis.txt script.sh && chmod 0 ."
    )
    resource.submit(spec)
    assert end_of(resource, spec).exit_code == 0
    resource.forget(spec.key)
    assert seen(resource, spec).state == ResourceState.ABSENT
    assert resource.known_keys() == frozenset()
    assert not resource.job_directory(spec.key).exists()
