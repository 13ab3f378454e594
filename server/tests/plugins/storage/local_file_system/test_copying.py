"""A copy belongs to the other person, is whole, and takes nothing that was not meant to be shared."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from plugins.storage.local_file_system.test_removing import dig
from plugins.storage.local_file_system.worlds import World, own
from user_workspaces.errors import StorageError
from user_workspaces.interfaces.values import Place
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage


def ignore(_copied: int) -> None:
    """Take no notice of the progress."""


def copy(storage: LocalFileSystemStorage, source: Place, target: Place) -> Path:
    storage.copy(source, target, progress=ignore)
    return storage.locate(target)


def test_copy_belongs_to_the_other_person(
    storage: LocalFileSystemStorage, place: Place, other_place: Place, made: Path
) -> None:
    storage.write(place, "d/f", [b"1"])
    (made / "d" / "f").chmod(0o4600)
    (made / "d").chmod(0o500)
    target = copy(storage, place, other_place)
    (made / "d").chmod(0o700)
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in (target, target / "d", target / "d" / "f")}
    assert owners == {(other_place.account.uid, other_place.account.gid)}
    assert (target / "d" / "f").stat().st_mode & 0o7777 == 0o600
    assert (target / "d").stat().st_mode & 0o7777 == 0o700
    assert (target / "d" / "f").stat().st_mtime_ns == (made / "d" / "f").stat().st_mtime_ns


def test_copy_sparse_stays_sparse(
    storage: LocalFileSystemStorage, place: Place, other_place: Place, made: Path
) -> None:
    storage.write(place, "sparse", [b"start"])
    storage.write(place, "hole", [])
    with (made / "sparse").open("r+b") as file:
        file.seek(50_000_000)
        file.write(b"middle")
        file.truncate(10**9)
    os.truncate(made / "hole", 10**9)
    told = list[int]()
    storage.copy(place, other_place, progress=told.append)
    copied = storage.locate(other_place) / "sparse"
    assert copied.stat().st_size == (copied.parent / "hole").stat().st_size == 10**9
    assert copied.stat().st_blocks * 512 < 1_000_000
    with copied.open("rb") as file:
        assert file.read(5) == b"start"
        file.seek(50_000_000)
        assert file.read(7) == b"middle\0"
    assert told[-1] < 1_000_000


def test_copy_large_tells_progress(
    storage: LocalFileSystemStorage, place: Place, other_place: Place, made: Path
) -> None:
    storage.write(place, "a", [os.urandom(1_000_000)] * 40)
    storage.write(place, "b", [b"1"])
    told, rights = list[int](), set[int]()

    def progress(copied: int) -> None:
        told.append(copied)
        rights.add(os.geteuid())

    storage.copy(place, other_place, progress=progress)
    assert (storage.locate(other_place) / "a").read_bytes() == (made / "a").read_bytes()
    assert len(told) > 2
    assert told[-1] == 40_000_001
    assert rights == {os.getuid()}


def test_copy_links_only_below_dataset_roots(
    storage: LocalFileSystemStorage, world: World, place: Place, other_place: Place, made: Path
) -> None:
    (made / "data").symlink_to(world.dataset)
    (made / "outside").symlink_to(world.outside)
    (made / "gone").symlink_to(world.datasets / "gone")
    (made / "relative").symlink_to("data")
    target = copy(storage, place, other_place)
    assert [(path.name, path.readlink()) for path in target.iterdir()] == [("data", world.dataset)]


@pytest.mark.root
def test_copy_links_only_where_the_other_person_may(
    storage: LocalFileSystemStorage, world: World, place: Place, other_place: Place, made: Path
) -> None:
    own(world.dataset.parent, place.account).chmod(0o700)
    storage.link(place, "l", str(world.dataset))
    assert list(copy(storage, place, other_place).iterdir()) == []


def test_copy_unreadable_fails(storage: LocalFileSystemStorage, place: Place, other_place: Place, made: Path) -> None:
    storage.write(place, "d/f", [b"1"])
    (made / "d").chmod(0o000)
    with pytest.raises(StorageError, match="do not allow"):
        storage.copy(place, other_place, progress=ignore)
    (made / "d").chmod(0o700)
    storage.delete(other_place)
    assert (copy(storage, place, other_place) / "d" / "f").read_bytes() == b"1"


@pytest.mark.slow
def test_copy_deep(storage: LocalFileSystemStorage, place: Place, other_place: Place, made: Path) -> None:
    dig(place, made, depth=1500)
    copy(storage, place, other_place)
    assert storage.disk_usage(other_place) == storage.disk_usage(place)


def test_copy_wide_and_back_up(storage: LocalFileSystemStorage, place: Place, other_place: Place, made: Path) -> None:
    for path in ("a/b/c/d/1", "a/b/2", "a/e/f/3", "g/4", "5", ".no/6", "g/.no/7"):
        storage.write(place, path, [path.encode()])
    target = copy(storage, place, other_place)
    files = {str(path.relative_to(target)): path.read_text() for path in target.rglob("*") if path.is_file()}
    assert files == {path: path for path in ("a/b/c/d/1", "a/b/2", "a/e/f/3", "g/4", "5")}


def test_copy_to_oneself(storage: LocalFileSystemStorage, place: Place, made: Path) -> None:
    storage.write(place, "a", [b"1"])
    assert (copy(storage, place, Place("ada/18", place.account)) / "a").read_bytes() == b"1"
    with pytest.raises(StorageError, match="not empty"):
        storage.copy(place, place, progress=ignore)


def test_copy_error_of_progress_rises(
    storage: LocalFileSystemStorage, place: Place, other_place: Place, made: Path
) -> None:
    def progress(_copied: int) -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        storage.copy(place, other_place, progress=progress)
    assert os.geteuid() == os.getuid()


@pytest.fixture
def second_disk(storage: LocalFileSystemStorage, other_place: Place) -> Iterator[Path]:
    """Return the home of the other person, on a file system of its own with five megabytes."""
    storage.create(other_place)
    home = storage.locate(other_place).parent
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=5m", "tmpfs", home], check=True)
    own(home, other_place.account).chmod(0o700)
    yield home
    subprocess.run(["umount", "--lazy", home], check=True)


@pytest.mark.root
def test_copy_between_file_systems(
    storage: LocalFileSystemStorage, place: Place, other_place: Place, made: Path, second_disk: Path
) -> None:
    storage.write(place, "a", [b"start"])
    with (made / "a").open("r+b") as file:
        file.seek(3_000_000)
        file.write(b"end")
    assert (copy(storage, place, other_place) / "a").read_bytes() == (made / "a").read_bytes()


@pytest.mark.root
def test_copy_full_disk_says_so(
    storage: LocalFileSystemStorage, place: Place, other_place: Place, made: Path, second_disk: Path
) -> None:
    storage.write(place, "a", [b"x" * 6_000_000])
    with pytest.raises(StorageError, match="The disk is full"):
        storage.copy(place, other_place, progress=ignore)
    storage.delete(other_place)
    assert list(second_disk.iterdir()) == []


@pytest.mark.slow
def test_copy_of_many_small_files_tells_its_progress_too(
    storage: LocalFileSystemStorage, place: Place, other_place: Place, made: Path
) -> None:
    for number in range(1200):
        (made / f"f{number}").touch()
    told = list[int]()
    storage.copy(place, other_place, progress=told.append)
    assert len(told) >= 3
