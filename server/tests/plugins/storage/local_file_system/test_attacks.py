"""Attacks from a user's own workspace on files of others; none may work."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.storage.local_file_system.worlds import World, own, state_of
from support.budget import budget
from user_workspaces.errors import StorageError, UnsafePath
from user_workspaces.interfaces.values import EntryKind, SystemAccount, WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage

Attempt = Callable[[LocalFileSystemStorage, WorkspaceLocation, str], object]
ATTEMPTS: dict[str, Attempt] = {
    "write": lambda storage, location, path: storage.write(location, path, [b"mine"]),
    "open": lambda storage, location, path: storage.open(location, path).close(),
    "remove": lambda storage, location, path: storage.remove(location, path),
    "link": lambda storage, location, path: storage.link(location, path, "/etc/passwd"),
    "stat": lambda storage, location, path: storage.stat(location, path),
    "entries": lambda storage, location, path: storage.entries(location, path),
    "walk": lambda storage, location, path: list(storage.tree(location, path)),
    "make_directory": lambda storage, location, path: storage.make_directory(location, path),
    "move away": lambda storage, location, path: storage.move(location, path, "mine", overwrite=True),
    "move to": lambda storage, location, path: storage.move(location, "own", path, overwrite=True),
    "begin_upload": lambda storage, location, path: storage.begin_upload(location, path, length=1),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_link_in_the_middle_refused(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, victim: Path, attempt: str
) -> None:
    (made / "l").symlink_to(victim)
    (made / "up").symlink_to("..")
    storage.write(location, "own", [b"mine"])
    before = state_of(victim)

    for path in ("l/shadow", "l/new", "l/inner/f", "up/17/x"):
        with pytest.raises(UnsafePath):
            ATTEMPTS[attempt](storage, location, path)

    assert state_of(victim) == before


def test_write_over_link_leaves_target(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, victim: Path
) -> None:
    (made / "f").symlink_to(victim / "shadow")
    (made / "d").symlink_to(victim)
    before = state_of(victim)
    storage.write(location, "f", [b"mine"])
    storage.write(location, "d", [b"mine"])
    assert (made / "f").read_bytes() == (made / "d").read_bytes() == b"mine"
    assert not (made / "f").is_symlink()
    assert state_of(victim) == before


def test_open_link_refused(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, victim: Path
) -> None:
    (made / "f").symlink_to(victim / "shadow")
    with pytest.raises(UnsafePath):
        storage.open(location, "f")


def test_recursive_operations_follow_no_link(
    storage: LocalFileSystemStorage,
    location: WorkspaceLocation,
    other_location: WorkspaceLocation,
    made: Path,
    victim: Path,
) -> None:
    (made / "deep").mkdir()
    for directory in (made, made / "deep"):
        own(directory, location.account)
        (directory / "dir").symlink_to(victim)
        (directory / "file").symlink_to(victim / "shadow")
        (directory / "dangling").symlink_to("/nowhere")
        (directory / "loop").symlink_to("loop")
    before = state_of(victim)

    assert all("shadow" not in entry.path for entry in storage.tree(location))
    assert storage.disk_usage(location) < 1_000_000
    storage.copy(location, other_location, progress=lambda _copied: None)
    storage.create(location)
    storage.remove(location, "deep")
    storage.remove(location, "dir")
    storage.delete(location)

    assert [entry.path for entry in storage.tree(other_location)] == ["deep"]
    assert not made.exists()
    assert state_of(victim) == before


def test_workspace_itself_a_link_refused(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, victim: Path
) -> None:
    made.rmdir()
    made.symlink_to(victim)
    before = state_of(victim)

    for act in (
        lambda: storage.create(location),
        lambda: storage.write(location, "x", [b"mine"]),
        lambda: list(storage.tree(location)),
        lambda: storage.disk_usage(location),
        lambda: storage.remove(location, "shadow"),
    ):
        with pytest.raises(UnsafePath):
            act()
    storage.delete(location)

    assert not made.is_symlink()
    assert state_of(victim) == before


def test_home_a_link_refused(
    storage: LocalFileSystemStorage, world: World, other_location: WorkspaceLocation, made: Path, victim: Path
) -> None:
    (world.root / "bob").symlink_to(victim)
    before = state_of(victim)
    with pytest.raises(StorageError):
        storage.create(other_location)
    assert state_of(victim) == before


def test_fifo_hangs_nothing(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, other_location: WorkspaceLocation, made: Path
) -> None:
    os.mkfifo(made / "pipe", 0o666)
    with pytest.raises(StorageError):
        storage.open(location, "pipe")
    storage.copy(location, other_location, progress=lambda _copied: None)
    assert [(entry.path, entry.kind) for entry in storage.tree(location)] == [("pipe", EntryKind.FIFO)]
    assert list(storage.tree(other_location)) == []
    storage.write(location, "pipe", [b"1"])
    assert (made / "pipe").read_bytes() == b"1"
    os.mkfifo(made / "second")
    storage.delete(location)
    assert not made.exists()


def test_hard_link_to_foreign_file_keeps_it(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, victim: Path
) -> None:
    """If the system allows such links, replacing and removing them changes the name only."""
    os.link(victim / "shadow", made / "a")
    os.link(victim / "shadow", made / "b")
    storage.write(location, "a", [b"mine"])
    storage.create(location)
    storage.delete(location)
    status = (victim / "shadow").stat()
    assert ((victim / "shadow").read_text(), status.st_uid, status.st_mode) == ("secret", os.getuid(), 0o100600)


@pytest.mark.root
def test_hard_link_to_foreign_file_not_read(
    storage: LocalFileSystemStorage,
    location: WorkspaceLocation,
    other_location: WorkspaceLocation,
    made: Path,
    victim: Path,
) -> None:
    os.link(victim / "shadow", made / "a")
    with pytest.raises(StorageError):
        storage.open(location, "a")
    with pytest.raises(StorageError):
        storage.copy(location, other_location, progress=lambda _copied: None)


@pytest.mark.root
def test_directory_of_another_user_refused(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, bob: SystemAccount
) -> None:
    storage.write(location, "a", [b"1"])
    (made / "a").chmod(0o666)
    made.chmod(0o777)
    made.parent.chmod(0o777)
    theirs = WorkspaceLocation("ada/17", bob)
    for act in (
        lambda: storage.create(theirs),
        lambda: storage.write(theirs, "a", [b"2"]),
        lambda: storage.remove(theirs, "a"),
        lambda: storage.delete(theirs),
        lambda: storage.open(theirs, "a"),
        lambda: list(storage.tree(theirs)),
    ):
        with pytest.raises(StorageError, match="does not belong to the account"):
            act()
    assert (made / "a").read_bytes() == b"1"


@pytest.mark.root
def test_dataset_read_with_the_rights_of_the_user(
    storage: LocalFileSystemStorage, world: World, location: WorkspaceLocation, made: Path
) -> None:
    world.dataset.parent.chmod(0o700)
    with pytest.raises(StorageError, match="Symlink path not found"):
        storage.link(location, "l", str(world.dataset))


def test_link_target_through_links_out_of_the_root_refused(
    storage: LocalFileSystemStorage, world: World, location: WorkspaceLocation, made: Path
) -> None:
    (world.datasets / "escape").symlink_to(world.base)
    (world.datasets / "inside").symlink_to("sky")
    with pytest.raises(StorageError, match="Symlink path not found"):
        storage.link(location, "l", str(world.datasets / "escape" / "outside.txt"))
    with pytest.raises(StorageError, match="Symlink path not found"):
        storage.link(location, "l", f"{world.base}/datasets-of-others")
    storage.link(location, "l", str(world.datasets / "inside" / "survey.csv"))
    assert (made / "l").readlink() == world.dataset


def test_no_dataset_roots_no_links(
    make_storage: Callable[..., LocalFileSystemStorage], location: WorkspaceLocation, made: Path, dataset: str
) -> None:
    with pytest.raises(StorageError, match="Symlink path not found"):
        make_storage(roots=[]).link(location, "l", dataset)


PATHS = st.lists(
    st.sampled_from(["..", ".", "", "a", "out", "up", "file", "..x", "\0", "~", "etc"]) | st.text(max_size=5),
    min_size=1,
    max_size=5,
).map("/".join)


@settings(max_examples=budget(40, full=150), suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(path=PATHS, attempt=st.sampled_from(sorted(ATTEMPTS)))
def test_no_path_touches_anything_outside(
    *, storage: LocalFileSystemStorage, location: WorkspaceLocation, world: World, victim: Path, path: str, attempt: str
) -> None:
    storage.create(location)
    workspace = storage.locate(location)
    for name, target in (("out", victim), ("up", Path("..")), ("file", victim / "shadow")):
        if not (workspace / name).is_symlink():
            storage.remove(location, name)
            (workspace / name).symlink_to(target)
    sibling = WorkspaceLocation("ada/18", location.account)
    storage.create(sibling)
    storage.write(sibling, "a", [b"kept"])
    others = (victim, world.datasets, storage.locate(sibling))
    before = [state_of(other) for other in others]

    with suppress(StorageError):
        ATTEMPTS[attempt](storage, location, path)

    assert [state_of(other) for other in others] == before
    assert sorted(found.name for found in workspace.parent.iterdir()) == ["17", "18"]
    assert sorted(found.name for found in world.root.iterdir()) == ["ada"]
