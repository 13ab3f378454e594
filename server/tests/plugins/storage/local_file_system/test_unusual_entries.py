"""Names that are not UTF-8, pipes, sockets and closed files are listed, never opened, and removable."""

import os
import socket
import stat
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import own
from user_workspaces.errors import AccessDenied, Conflict
from user_workspaces.interfaces.values import EntryKind, WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage

NAMES = [b"caf\xe9.txt", b"\xff", b"..\xe9", rb"\xE9", rb"..\up", b"line\nbreak"]


@pytest.mark.parametrize("name", NAMES, ids=repr)
def test_every_name_is_a_path(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, name: bytes
) -> None:
    """Listed entries can be read, replaced, renamed and removed by their listed path."""
    folder = made / os.fsdecode(b"d" + name)
    folder.mkdir()
    own(folder, location.account)
    planted = folder / os.fsdecode(name)
    planted.write_bytes(b"12345")
    own(planted, location.account)
    (top,) = storage.entries(location, "").entries
    (entry,) = storage.entries(location, top.path).entries
    assert [one.path for one in storage.tree(location)] == [top.path, entry.path]
    assert (storage.stat(location, entry.path), entry.size) == (entry, 5)
    with storage.open(location, entry.path) as file:
        assert file.read() == b"12345"
    storage.write(location, entry.path, [b"67"])
    assert planted.read_bytes() == b"67"
    storage.move(location, entry.path, f"{top.path}/plain.txt")
    storage.move(location, f"{top.path}/plain.txt", entry.path)
    assert planted.exists()
    storage.remove(location, top.path)
    assert list(made.iterdir()) == []


@pytest.fixture
def pipe(location: WorkspaceLocation, made: Path) -> Path:
    os.mkfifo(made / "pipe")
    return own(made / "pipe", location.account)


def test_pipes_and_sockets_are_listed_and_removed(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, pipe: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(made / "socket"))
    own(made / "socket", location.account)
    kinds = {entry.path: entry.kind for entry in storage.entries(location, "").entries}
    assert kinds == {"pipe": EntryKind.FIFO, "socket": EntryKind.SOCKET}
    assert {entry.path: entry.kind for entry in storage.tree(location)} == kinds
    for path in kinds:
        with pytest.raises(Conflict, match="not a regular file"):
            storage.open(location, path)
        storage.move(location, path, f"new-{path}")
        storage.remove(location, f"new-{path}")
    assert list(made.iterdir()) == []


@pytest.mark.root
def test_devices_are_listed_and_removed(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    os.mknod(made / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
    (entry,) = storage.tree(location)
    assert (entry.path, entry.kind, entry.size) == ("null", EntryKind.DEVICE, 0)
    with pytest.raises(Conflict, match="a device, not a regular file"):
        storage.open(location, "null")
    storage.remove(location, "null")
    assert list(made.iterdir()) == []


def test_reader_of_a_pipe_is_not_woken(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, pipe: Path
) -> None:
    """Opening a pipe for reading would wake its writer, without a reader to get the data."""
    with pytest.raises(Conflict):
        storage.open(location, "pipe")
    with pytest.raises(OSError, match="No such device"):  # nobody reads
        os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)


def test_file_replaces_a_pipe(storage: LocalFileSystemStorage, location: WorkspaceLocation, pipe: Path) -> None:
    storage.write(location, "pipe", [b"1"])
    assert pipe.read_bytes() == b"1"


def test_copies_leave_pipes_out(
    storage: LocalFileSystemStorage,
    location: WorkspaceLocation,
    other_location: WorkspaceLocation,
    made: Path,
    pipe: Path,
) -> None:
    storage.write(location, "f", [b"1"])
    (made / "caf\udce9").touch()
    own(made / "caf\udce9", location.account)
    storage.copy(location, other_location, progress=lambda _: None)
    assert {os.fsencode(path.name) for path in storage.locate(other_location).iterdir()} == {b"f", b"caf\xe9"}


@pytest.fixture
def closed(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> Path:
    """A file that may not be read, a folder that may not be listed, and one that may not be changed."""
    if os.geteuid() != 0 and os.access("/root", os.R_OK):
        pytest.skip("permissions do not hold here")
    for path in ("f", "folder/f", "fixed/f"):
        storage.write(location, path, [b"1"])
    (made / "f").chmod(0o000)
    (made / "folder").chmod(0o000)
    (made / "fixed").chmod(0o500)
    return made


def test_permission_errors_are_reported_as_such(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, closed: Path
) -> None:
    with pytest.raises(AccessDenied, match=r"^f: You do not have permission to read this file"):
        storage.open(location, "f")
    with pytest.raises(AccessDenied, match=r"^folder: You do not have permission to list this folder"):
        storage.entries(location, "folder")
    refused = list[str]()
    assert [entry.path for entry in storage.tree(location, refused=refused)] == ["f", "fixed", "fixed/f", "folder"]
    assert refused == ["folder"]
    changes = (
        lambda: storage.write(location, "fixed/g", [b"1"]),
        lambda: storage.remove(location, "fixed/f"),
        lambda: storage.make_directory(location, "fixed/d"),
        lambda: storage.move(location, "f", "fixed/g"),
    )
    for change in changes:
        with pytest.raises(AccessDenied, match="You do not have permission to change the folder that contains it"):
            change()


@pytest.mark.parametrize(
    ("open_again", "message"),
    [
        ("folder", "f: You do not have permission to read this file"),
        ("f", "folder: You do not have permission to list this folder"),
    ],
)
def test_copy_names_unreadable_files(
    storage: LocalFileSystemStorage,
    location: WorkspaceLocation,
    other_location: WorkspaceLocation,
    closed: Path,
    open_again: str,
    message: str,
) -> None:
    (closed / open_again).chmod(0o700)
    with pytest.raises(AccessDenied, match=message):
        storage.copy(location, other_location, progress=lambda _: None)
