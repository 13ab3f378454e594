"""Removal of deep, closed and huge trees, also during writes; it can be repeated."""

import os
import threading
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import open_handles, own
from support.budget import budget
from user_workspaces.errors import StorageError
from user_workspaces.interfaces.values import WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage
from user_workspaces.plugins.storage.local_file_system.thread_credentials import rights_of


def dig(location: WorkspaceLocation, start: Path, *, depth: int, name: str = "d") -> None:
    """Make directories in each other, far beyond what one path can name, each with a file in it."""
    with rights_of(location.account).assumed():
        here = os.open(start, os.O_RDONLY)
        for _ in range(depth):
            os.mkdir(name, dir_fd=here)
            below = os.open(name, os.O_RDONLY, dir_fd=here)
            os.close(os.open("f", os.O_CREAT | os.O_WRONLY, dir_fd=below))
            os.close(here)
            here = below
        os.close(here)


@pytest.mark.parametrize(("depth", "name"), [(1500, "d"), (300, "n" * 200)])
def test_delete_deep(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, depth: int, name: str
) -> None:
    dig(location, made, depth=depth, name=name)
    before = open_handles()
    storage.delete(location)
    assert not made.exists()
    assert open_handles() == before


def test_delete_closed_directories(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    storage.write(location, "a/b/c/f", [b"1"])
    for path, mode in (("a/b/c/f", 0o000), ("a/b/c", 0o000), ("a/b", 0o400), ("a", 0o100), ("", 0o000)):
        (made / path).chmod(mode)
    storage.delete(location)
    assert not made.exists()


def test_remove_many(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    with rights_of(location.account).assumed():
        for number in range(40):
            (made / "d" / str(number)).mkdir(parents=True)
            for name in range(50):
                (made / "d" / str(number) / str(name)).touch()
    storage.remove(location, "d")
    assert list(made.iterdir()) == []


FILES = budget(5_000, full=100_000)


@pytest.mark.soak
@pytest.mark.slow
def test_delete_many(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    with rights_of(location.account).assumed():
        for number in range(FILES):
            os.close(os.open(made / str(number), os.O_CREAT | os.O_WRONLY))
    assert sum(1 for _ in storage.tree(location)) == FILES
    storage.delete(location)
    assert not made.exists()


def test_remove_while_another_process_writes(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    """It either succeeds or says what is wrong; once the writer has stopped, it succeeds."""
    stop = threading.Event()

    def keep_writing() -> None:
        while not stop.is_set():
            try:
                storage.write(location, "d/e/f", [b"1"])
            except StorageError:
                continue

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        for _ in range(50):
            try:
                storage.remove(location, "d")
            except StorageError as error:
                assert "could not be removed" in error.message  # noqa: PT017  it may also succeed
    finally:
        stop.set()
        writer.join()
    storage.remove(location, "d")
    assert list(made.iterdir()) == []


def test_delete_by_several_at_once(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    for number in range(200):
        storage.write(location, f"d{number % 10}/e/{number}", [b"1"])
    failures = list[StorageError]()

    def work() -> None:
        try:
            storage.delete(location)
        except StorageError as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert not made.exists()


def test_delete_names_that_are_no_unicode(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    with rights_of(location.account).assumed():
        (made / "\udcff").mkdir()
        (made / "\udcff" / "\udcfe").touch()
    storage.delete(location)
    assert not made.exists()


@pytest.mark.root
def test_delete_stops_at_foreign_files_and_continues_later(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    (made / "roots").mkdir(mode=0o755)
    (made / "roots" / "f").touch()
    storage.write(location, "mine", [b"1"])
    with pytest.raises(StorageError):
        storage.delete(location)
    assert (made / "roots" / "f").exists()
    own(made / "roots", location.account)
    storage.delete(location)
    assert not made.exists()


def test_delete_keeps_other_workspaces_of_the_user(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    sibling = WorkspaceLocation("ada/170", location.account)
    storage.create(sibling)
    storage.delete(location)
    assert storage.locate(sibling).is_dir()
