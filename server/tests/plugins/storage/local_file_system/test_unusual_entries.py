"""Names that are no text, pipes and sockets, and what permissions forbid: told, never opened, and removable."""

import os
import socket
import stat
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import own
from user_workspaces.errors import AccessDenied, Conflict
from user_workspaces.interfaces.values import EntryKind, Place
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage

NAMES = [b"caf\xe9.txt", b"\xff", b"..\xe9", rb"\xE9", rb"..\up", b"line\nbreak"]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_every_name_is_a_path(storage: LocalFileSystemStorage, place: Place, made: Path, name: bytes) -> None:
    """What is listed can be read, replaced, renamed, and removed under the path that was told."""
    folder = made / os.fsdecode(b"d" + name)
    folder.mkdir()
    own(folder, place.account)
    planted = folder / os.fsdecode(name)
    planted.write_bytes(b"12345")
    own(planted, place.account)
    (top,) = storage.entries(place, "").entries
    (entry,) = storage.entries(place, top.path).entries
    assert [one.path for one in storage.tree(place)] == [top.path, entry.path]
    assert (storage.stat(place, entry.path), entry.size) == (entry, 5)
    with storage.open(place, entry.path) as file:
        assert file.read() == b"12345"
    storage.write(place, entry.path, [b"67"])
    assert planted.read_bytes() == b"67"
    storage.move(place, entry.path, f"{top.path}/plain.txt")
    storage.move(place, f"{top.path}/plain.txt", entry.path)
    assert planted.exists()
    storage.remove(place, top.path)
    assert list(made.iterdir()) == []


@pytest.fixture
def pipe(place: Place, made: Path) -> Path:
    os.mkfifo(made / "pipe")
    return own(made / "pipe", place.account)


def test_pipes_and_sockets_are_told_and_removed(
    storage: LocalFileSystemStorage, place: Place, made: Path, pipe: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(made / "socket"))
    own(made / "socket", place.account)
    kinds = {entry.path: entry.kind for entry in storage.entries(place, "").entries}
    assert kinds == {"pipe": EntryKind.FIFO, "socket": EntryKind.SOCKET}
    assert {entry.path: entry.kind for entry in storage.tree(place)} == kinds
    for path in kinds:
        with pytest.raises(Conflict, match="not a file"):
            storage.open(place, path)
        storage.move(place, path, f"new-{path}")
        storage.remove(place, f"new-{path}")
    assert list(made.iterdir()) == []


@pytest.mark.root
def test_devices_are_told_and_removed(storage: LocalFileSystemStorage, place: Place, made: Path) -> None:
    os.mknod(made / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (entry,) = storage.tree(place)
    assert (entry.path, entry.kind, entry.size) == ("null", EntryKind.DEVICE, 0)
    with pytest.raises(Conflict, match="a device, not a file"):
        storage.open(place, "null")
    storage.remove(place, "null")
    assert list(made.iterdir()) == []


def test_who_waits_at_a_pipe_is_not_woken(storage: LocalFileSystemStorage, place: Place, pipe: Path) -> None:
    """To open a pipe for reading ends the waiting of its writer, who then writes to nobody."""
    with pytest.raises(Conflict):
        storage.open(place, "pipe")
    with pytest.raises(OSError, match="No such device"):  # nobody reads
        os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)


def test_a_file_takes_the_place_of_a_pipe(storage: LocalFileSystemStorage, place: Place, pipe: Path) -> None:
    storage.write(place, "pipe", [b"1"])
    assert pipe.read_bytes() == b"1"


def test_copies_leave_pipes_out(
    storage: LocalFileSystemStorage, place: Place, other_place: Place, made: Path, pipe: Path
) -> None:
    storage.write(place, "f", [b"1"])
    (made / "caf\udce9").touch()
    own(made / "caf\udce9", place.account)
    storage.copy(place, other_place, progress=lambda _: None)
    assert {os.fsencode(path.name) for path in storage.locate(other_place).iterdir()} == {b"f", b"caf\xe9"}


@pytest.fixture
def closed(storage: LocalFileSystemStorage, place: Place, made: Path) -> Path:
    """A file that may not be read, a folder that may not be listed, and one that may not be changed."""
    if os.geteuid() != 0 and os.access("/root", os.R_OK):
        pytest.skip("permissions do not hold here")
    for path in ("f", "folder/f", "fixed/f"):
        storage.write(place, path, [b"1"])
    (made / "f").chmod(0o000)
    (made / "folder").chmod(0o000)
    (made / "fixed").chmod(0o500)
    return made


def test_permissions_are_told_as_such(storage: LocalFileSystemStorage, place: Place, closed: Path) -> None:
    with pytest.raises(AccessDenied, match=r"^f: You may not read this file"):
        storage.open(place, "f")
    with pytest.raises(AccessDenied, match=r"^folder: You may not list this folder"):
        storage.entries(place, "folder")
    refused = list[str]()
    assert [entry.path for entry in storage.tree(place, refused=refused)] == ["f", "fixed", "fixed/f", "folder"]
    assert refused == ["folder"]
    changes = (
        lambda: storage.write(place, "fixed/g", [b"1"]),
        lambda: storage.remove(place, "fixed/f"),
        lambda: storage.make_directory(place, "fixed/d"),
        lambda: storage.move(place, "f", "fixed/g"),
    )
    for change in changes:
        with pytest.raises(AccessDenied, match="You may not change the folder that it is in"):
            change()


@pytest.mark.parametrize(
    ("open_again", "told"),
    [("folder", "f: You may not read this file"), ("f", "folder: You may not list this folder")],
)
def test_a_copy_names_what_cannot_be_read(
    storage: LocalFileSystemStorage, place: Place, other_place: Place, closed: Path, open_again: str, told: str
) -> None:
    (closed / open_again).chmod(0o700)
    with pytest.raises(AccessDenied, match=told):
        storage.copy(place, other_place, progress=lambda _: None)
