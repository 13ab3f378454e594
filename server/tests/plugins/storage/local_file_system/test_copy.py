"""A copy belongs to the other user, is complete, and contains nothing that is not shared."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.storage.local_file_system.test_remove import dig
from plugins.storage.local_file_system.worlds import World, own
from user_workspaces.errors import StorageError
from user_workspaces.interfaces.values import WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage


def ignore(_copied: int) -> None:
    """Take no notice of the progress."""


def copy(storage: LocalFileSystemStorage, source: WorkspaceLocation, target: WorkspaceLocation) -> Path:
    storage.copy(source, target, progress=ignore)
    return storage.locate(target)


def test_copy_belongs_to_the_other_user(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, other_location: WorkspaceLocation, made: Path
) -> None:
    storage.write(location, "d/f", [b"1"])
    (made / "d" / "f").chmod(0o4600)
    (made / "d").chmod(0o500)
    target = copy(storage, location, other_location)
    (made / "d").chmod(0o700)
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in (target, target / "d", target / "d" / "f")}
    assert owners == {(other_location.account.uid, other_location.account.gid)}
    assert (target / "d" / "f").stat().st_mode & 0o7777 == 0o600
    assert (target / "d").stat().st_mode & 0o7777 == 0o700
    assert (target / "d" / "f").stat().st_mtime_ns == (made / "d" / "f").stat().st_mtime_ns


def test_copy_sparse_stays_sparse(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, other_location: WorkspaceLocation, made: Path
) -> None:
    storage.write(location, "sparse", [b"start"])
    storage.write(location, "hole", [])
    with (made / "sparse").open("r+b") as file:
        file.seek(50_000_000)
        file.write(b"middle")
        file.truncate(10**9)
    os.truncate(made / "hole", 10**9)
    told = list[int]()
    storage.copy(location, other_location, progress=told.append)
    copied = storage.locate(other_location) / "sparse"
    assert copied.stat().st_size == (copied.parent / "hole").stat().st_size == 10**9
    assert copied.stat().st_blocks * 512 < 1_000_000
    with copied.open("rb") as file:
        assert file.read(5) == b"start"
        file.seek(50_000_000)
        assert file.read(7) == b"middle\0"
    assert told[-1] < 1_000_000


def test_copy_large_reports_progress(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, other_location: WorkspaceLocation, made: Path
) -> None:
    storage.write(location, "a", [os.urandom(1_000_000)] * 40)
    storage.write(location, "b", [b"1"])
    told, rights = list[int](), set[int]()

    def progress(copied: int) -> None:
        told.append(copied)
        rights.add(os.geteuid())

    storage.copy(location, other_location, progress=progress)
    assert (storage.locate(other_location) / "a").read_bytes() == (made / "a").read_bytes()
    assert len(told) > 2
    assert told[-1] == 40_000_001
    assert rights == {os.getuid()}


def test_copy_links_only_below_dataset_roots(
    storage: LocalFileSystemStorage,
    world: World,
    location: WorkspaceLocation,
    other_location: WorkspaceLocation,
    made: Path,
) -> None:
    (made / "data").symlink_to(world.dataset)
    (made / "outside").symlink_to(world.outside)
    (made / "gone").symlink_to(world.datasets / "gone")
    (made / "relative").symlink_to("data")
    target = copy(storage, location, other_location)
    assert [(path.name, path.readlink()) for path in target.iterdir()] == [("data", world.dataset)]


@pytest.mark.root
def test_copy_links_only_where_the_other_user_may_read(
    storage: LocalFileSystemStorage,
    world: World,
    location: WorkspaceLocation,
    other_location: WorkspaceLocation,
    made: Path,
) -> None:
    own(world.dataset.parent, location.account).chmod(0o700)
    storage.link(location, "l", str(world.dataset))
    assert list(copy(storage, location, other_location).iterdir()) == []


def test_copy_unreadable_fails(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, other_location: WorkspaceLocation, made: Path
) -> None:
    storage.write(location, "d/f", [b"1"])
    (made / "d").chmod(0o000)
    with pytest.raises(StorageError, match="do not have permission"):
        storage.copy(location, other_location, progress=ignore)
    (made / "d").chmod(0o700)
    storage.delete(other_location)
    assert (copy(storage, location, other_location) / "d" / "f").read_bytes() == b"1"


@pytest.mark.soak
@pytest.mark.slow
def test_copy_deep(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, other_location: WorkspaceLocation, made: Path
) -> None:
    dig(location, made, depth=1500)
    copy(storage, location, other_location)
    assert storage.disk_usage(other_location) == storage.disk_usage(location)


def test_copy_wide_and_back_up(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, other_location: WorkspaceLocation, made: Path
) -> None:
    for path in ("a/b/c/d/1", "a/b/2", "a/e/f/3", "g/4", "5", ".no/6", "g/.no/7"):
        storage.write(location, path, [path.encode()])
    target = copy(storage, location, other_location)
    files = {str(path.relative_to(target)): path.read_text() for path in target.rglob("*") if path.is_file()}
    assert files == {path: path for path in ("a/b/c/d/1", "a/b/2", "a/e/f/3", "g/4", "5")}


def test_copy_to_oneself(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    storage.write(location, "a", [b"1"])
    assert (copy(storage, location, WorkspaceLocation("ada/18", location.account)) / "a").read_bytes() == b"1"
    with pytest.raises(StorageError, match="not empty"):
        storage.copy(location, location, progress=ignore)


def test_copy_error_of_progress_rises(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, other_location: WorkspaceLocation, made: Path
) -> None:
    def progress(_copied: int) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        storage.copy(location, other_location, progress=progress)
    assert os.geteuid() == os.getuid()


@pytest.fixture
def second_disk(storage: LocalFileSystemStorage, other_location: WorkspaceLocation) -> Iterator[Path]:
    """Return the other user's home on a file system of five megabytes."""
    storage.create(other_location)
    home = storage.locate(other_location).parent
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=5m", "tmpfs", home], check=True)
    own(home, other_location.account).chmod(0o700)
    yield home
    subprocess.run(["umount", "--lazy", home], check=True)


@pytest.mark.root
def test_copy_between_file_systems(
    storage: LocalFileSystemStorage,
    location: WorkspaceLocation,
    other_location: WorkspaceLocation,
    made: Path,
    second_disk: Path,
) -> None:
    storage.write(location, "a", [b"start"])
    with (made / "a").open("r+b") as file:
        file.seek(3_000_000)
        file.write(b"end")
    assert (copy(storage, location, other_location) / "a").read_bytes() == (made / "a").read_bytes()


@pytest.mark.root
def test_copy_full_disk_says_so(
    storage: LocalFileSystemStorage,
    location: WorkspaceLocation,
    other_location: WorkspaceLocation,
    made: Path,
    second_disk: Path,
) -> None:
    storage.write(location, "a", [b"x" * 6_000_000])
    with pytest.raises(StorageError, match="The disk is full"):
        storage.copy(location, other_location, progress=ignore)
    storage.delete(other_location)
    assert list(second_disk.iterdir()) == []


@pytest.mark.soak
@pytest.mark.slow
def test_copy_of_many_small_files_reports_progress(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, other_location: WorkspaceLocation, made: Path
) -> None:
    for number in range(1200):
        (made / f"f{number}").touch()
    told = list[int]()
    storage.copy(location, other_location, progress=told.append)
    assert len(told) >= 3
