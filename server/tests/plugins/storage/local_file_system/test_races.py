"""Directories and links that are swapped while an operation runs: it may fail, and never reaches what is not theirs."""

import threading
from contextlib import suppress
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import state_of
from user_workspaces.errors import StorageError
from user_workspaces.interfaces.values import Place
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage


@pytest.mark.slow
@pytest.mark.parametrize("attempt", ["write", "remove", "delete", "copy", "tree", "list", "move", "upload"])
def test_link_swapped_in_meanwhile(
    *, storage: LocalFileSystemStorage, place: Place, other_place: Place, made: Path, victim: Path, attempt: str
) -> None:
    """Somebody flips a directory and a link to the victim all the time: operations may fail, never reach it."""
    before, stop = state_of(victim), threading.Event()
    storage.write(place, "d/inner/f", [b"1"])
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
                _act(storage, place, other_place, attempt, number)
            except StorageError:
                continue
    finally:
        stop.set()
        flipper.join()
    assert state_of(victim) == before


def _act(storage: LocalFileSystemStorage, place: Place, other: Place, attempt: str, number: int) -> None:
    match attempt:
        case "write":
            storage.write(place, "d/inner/f", [b"mine"])
        case "remove":
            storage.remove(place, "d/inner")
            storage.write(place, "d/inner/f", [b"1"])
        case "delete":
            storage.delete(place)
            storage.create(place)
            storage.write(place, "d/inner/f", [b"1"])
            with suppress(FileExistsError):  # the directory may have been given this name
                storage.locate(place).joinpath("to").symlink_to(storage.locate(place).parents[2] / "victim")
        case "copy":
            copy = Place(f"bob/{number}", other.account)
            storage.copy(place, copy, progress=lambda _copied: None)
            assert all("shadow" not in entry.path for entry in storage.tree(copy))
        case "tree":
            assert all("shadow" not in entry.path for entry in storage.tree(place))
        case "list":
            assert all("shadow" not in entry.path for entry in storage.entries(place, "d").entries)
            assert storage.stat(place, "d/inner").path == "d/inner"
        case "move":
            storage.move(place, "d/inner", f"d/new{number}")
            storage.move(place, f"d/new{number}", "d/inner")
        case "upload":
            upload = storage.begin_upload(place, "d/inner/f", length=4)
            storage.append(place, upload.id, 0, [b"mine"])
