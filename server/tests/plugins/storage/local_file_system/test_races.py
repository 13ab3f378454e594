"""Directories and links that are swapped while an operation runs: it may fail, and never reaches what is not theirs."""

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import state_of
from user_workspaces.errors import StorageError
from user_workspaces.interfaces.values import WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage


@pytest.mark.slow
@pytest.mark.parametrize("attempt", ["write", "remove", "delete", "copy", "tree", "list", "move", "upload"])
def test_link_swapped_in_meanwhile(
    *,
    storage: LocalFileSystemStorage,
    location: WorkspaceLocation,
    other_location: WorkspaceLocation,
    made: Path,
    victim: Path,
    attempt: str,
) -> None:
    """Somebody flips a directory and a link to the victim all the time: operations may fail, never reach it."""
    before, stop = state_of(victim), threading.Event()
    storage.write(location, "d/inner/f", [b"1"])
    (made / "to").symlink_to(victim)

    def flip() -> None:
        while not stop.is_set():
            for one, two in (("d", "aside"), ("to", "d"), ("d", "to"), ("aside", "d")):
                try:
                    (made / one).rename(made / two)
                except OSError:
                    continue

    flipper = threading.Thread(target=flip)
    flipper.start()
    try:
        for number in range(150):
            try:
                _act(storage, location, other_location, attempt, number)
            except StorageError:
                continue
    finally:
        stop.set()
        flipper.join()
    assert state_of(victim) == before


def _act(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, other: WorkspaceLocation, attempt: str, number: int
) -> None:
    match attempt:
        case "write":
            storage.write(location, "d/inner/f", [b"mine"])
        case "remove":
            storage.remove(location, "d/inner")
            storage.write(location, "d/inner/f", [b"1"])
        case "delete":
            storage.delete(location)
            storage.create(location)
            storage.write(location, "d/inner/f", [b"1"])
            with suppress(FileExistsError):  # the directory may have been given this name
                storage.locate(location).joinpath("to").symlink_to(storage.locate(location).parents[2] / "victim")
        case "copy":
            copy = WorkspaceLocation(f"bob/{number}", other.account)
            storage.copy(location, copy, progress=lambda _copied: None)
            assert all("shadow" not in entry.path for entry in storage.tree(copy))
        case "tree":
            assert all("shadow" not in entry.path for entry in storage.tree(location))
        case "list":
            assert all("shadow" not in entry.path for entry in storage.entries(location, "d").entries)
            assert storage.stat(location, "d/inner").path == "d/inner"
        case "move":
            storage.move(location, "d/inner", f"d/new{number}")
            storage.move(location, f"d/new{number}", "d/inner")
        case "upload":
            upload = storage.begin_upload(location, "d/inner/f", length=4)
            storage.append(location, upload.id, 0, [b"mine"])
