"""Listings and disk usage, also of hostile trees."""

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plugins.storage.local_file_system.test_remove import dig
from plugins.storage.local_file_system.worlds import open_handles
from user_workspaces.errors import StorageError
from user_workspaces.interfaces.values import EntryKind, WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage
from user_workspaces.plugins.storage.local_file_system.thread_credentials import rights_of


def test_tree_names_that_are_no_unicode(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    with rights_of(location.account).assumed():
        (made / "d\udcff").mkdir()
        (made / "d\udcff" / "né\udcfe").touch()
    assert [entry.path for entry in storage.tree(location)] == [r"d\xFF", r"d\xFF/né\xFE"]
    json.dumps([entry.path for entry in storage.tree(location)]).encode()


@pytest.mark.parametrize("seconds", [-1, 2**33, 2**34 - 1])
def test_tree_any_time_of_change(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, seconds: int
) -> None:
    storage.write(location, "f", [b"1"])
    os.utime(made / "f", (seconds, seconds))
    (entry,) = storage.tree(location)
    assert entry.modified == datetime.fromtimestamp((made / "f").stat().st_mtime, UTC)


@pytest.mark.soak
@pytest.mark.slow
def test_tree_deep_ends_where_paths_end(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    dig(location, made, depth=2500)
    paths = [entry.path for entry in storage.tree(location)]
    assert len(paths) == 2048 + 2047
    assert max(len(path) for path in paths) == 4095


def test_tree_leaves_the_servers_rights_to_its_reader(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    for name in "abc":
        storage.write(location, name, [b"1"])
    walk = storage.tree(location)
    assert next(walk).path == "a"
    assert os.geteuid() == os.getuid()


def test_tree_given_up_leaks_no_handle(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    for number in range(5):
        storage.write(location, f"d/{number}", [b"1"])
    before = open_handles()
    walk = storage.tree(location)
    next(walk)
    del walk
    assert open_handles() == before


def test_tree_passes_over_closed_directories(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    storage.write(location, "closed/f", [b"1"])
    storage.write(location, "half/f", [b"1"])
    storage.write(location, "open/f", [b"1"])
    (made / "closed").chmod(0o000)
    (made / "half").chmod(0o400)
    paths = [entry.path for entry in storage.tree(location)]
    (made / "closed").chmod(0o700)
    (made / "half").chmod(0o700)
    assert paths == ["closed", "half", "open", "open/f"]


def test_tree_while_all_of_it_changes(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    """Files and directories appear, move and vanish during the walk, which continues."""
    stop = threading.Event()
    storage.write(location, "a/b/c/kept", [b"1"])

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            storage.write(location, f"x{number % 5}/y/z/f", [b"1"])
            storage.remove(location, f"x{(number + 2) % 5}")
            (made / "a" / "b").rename(made / "b")
            (made / "b").rename(made / "a" / "b")

    changer = threading.Thread(target=change)
    changer.start()
    try:
        for _ in range(100):
            paths = [entry.path for entry in storage.tree(location)]
            assert "a" in paths
            storage.disk_usage(location)
    finally:
        stop.set()
        changer.join()


def test_tree_kinds(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, dataset: str) -> None:
    storage.write(location, "d/f", [b"123"])
    storage.link(location, "l", dataset)
    found = [(entry.path, entry.kind, entry.size) for entry in storage.tree(location)]
    assert found == [
        ("d", EntryKind.DIRECTORY, 0),
        ("d/f", EntryKind.FILE, 3),
        ("l", EntryKind.LINK, len(dataset)),
    ]


def test_disk_usage_hard_links_once(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    storage.write(location, "a", [b"x" * 100_000])
    before = storage.disk_usage(location)
    (made / "b").hardlink_to(made / "a")
    assert storage.disk_usage(location) == before


def test_disk_usage_holes_are_free(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    storage.write(location, "a", [b"x"])
    os.truncate(made / "a", 10**9)
    assert storage.disk_usage(location) < 1_000_000


@pytest.mark.soak
@pytest.mark.slow
def test_disk_usage_deep(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    dig(location, made, depth=2500)
    assert storage.disk_usage(location) == made.stat().st_blocks * 512 * 2501


@pytest.mark.root
def test_disk_usage_counts_hidden_files(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    storage.write(location, "hidden/f", [b"x" * 1_000_000])
    before = storage.disk_usage(location)
    (made / "hidden").chmod(0o000)
    assert storage.disk_usage(location) == before


def test_tree_of_closed_workspace_says_so(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    made.chmod(0o000)
    with pytest.raises(StorageError, match="do not have permission"):
        list(storage.tree(location))
    made.chmod(0o700)
