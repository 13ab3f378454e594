"""Renaming: in one step, never over what is there, by many at once."""

import threading
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import IS_ROOT, own
from user_workspaces.errors import Conflict, StorageError
from user_workspaces.interfaces.values import WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage
from user_workspaces.plugins.storage.local_file_system import move as moving


@pytest.fixture(params=["kernel", "fallback"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With the kernel's own refusal, and as on a file system that does not know how to."""
    if request.param == "fallback":
        monkeypatch.setattr(moving, "_RENAME", None)
    return str(request.param)


@pytest.mark.parametrize("kind", ["file", "directory", "empty", "link"])
def test_move_over_anything_refused(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, way: str, kind: str
) -> None:
    storage.write(location, "a", [b"1"])
    if kind == "file":
        storage.write(location, "b", [b"2"])
    elif kind == "link":
        (made / "b").symlink_to("/nowhere")
    else:
        storage.make_directory(location, "b")
        if kind == "directory":
            storage.write(location, "b/x", [b"2"])
    before = sorted(path.lstat().st_ino for path in made.rglob("*"))
    with pytest.raises(Conflict):
        storage.move(location, "a", "b")
    assert sorted(path.lstat().st_ino for path in made.rglob("*")) == before


def test_move_to_one_name_by_many_one_wins(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    start, won, lost = threading.Barrier(8), list[int](), list[int]()
    for number in range(8):
        storage.write(location, f"from{number}", [str(number).encode()])

    def work(number: int) -> None:
        start.wait(timeout=60)
        try:
            storage.move(location, f"from{number}", "to")
            won.append(number)
        except Conflict:
            lost.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)
    assert (made / "to").read_text() == str(won[0])
    assert sorted(path.name for path in made.iterdir()) == sorted(["to", *(f"from{number}" for number in lost)])


def test_move_between_two_names_of_one_file(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    storage.write(location, "a", [b"1"])
    (made / "b").hardlink_to(made / "a")
    with pytest.raises(Conflict):
        storage.move(location, "a", "a", overwrite=True)
    storage.move(location, "a", "b", overwrite=True)
    assert [path.name for path in made.iterdir()] == ["b"]


def test_move_takes_dangling_links_along(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    (made / "l").symlink_to("/nowhere")
    storage.move(location, "l", "d/l2")
    assert (made / "d" / "l2").readlink() == Path("/nowhere")


@pytest.mark.skipif(not IS_ROOT, reason="needs root: a directory of somebody else")
def test_move_without_right_refused(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    (made / "roots").mkdir(mode=0o755)
    storage.write(location, "a", [b"1"])
    with pytest.raises(StorageError, match="do not have permission"):
        storage.move(location, "a", "roots/a")
    assert own(made / "a", location.account).read_bytes() == b"1"


def test_write_to_a_new_name_by_many_one_wins(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    start, won, lost = threading.Barrier(8), list[int](), list[int]()

    def work(number: int) -> None:
        start.wait(timeout=60)
        try:
            storage.write(location, "a", [str(number).encode()] * 3, expecting="")
            won.append(number)
        except Conflict:
            lost.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(won), len(lost)) == (1, 7)
    assert (made / "a").read_text() == str(won[0]) * 3
    assert [path.name for path in made.iterdir()] == ["a"]
