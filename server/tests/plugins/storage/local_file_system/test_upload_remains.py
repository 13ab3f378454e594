"""Files that users plant in the uploads directory, and remains of uploads."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import World, own, state_of
from user_workspaces.errors import StorageError, UnsafePath
from user_workspaces.interfaces.storage import UPLOAD_LIFETIME
from user_workspaces.interfaces.values import WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage
from user_workspaces.plugins.storage.local_file_system.uploads import UPLOADS

# The children do nothing but write, so it does not matter that other threads are not in them.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")


def waiting(made: Path) -> list[str]:
    return sorted(path.name for path in (made / UPLOADS).iterdir())


@pytest.mark.parametrize(
    "record",
    [
        {"path": "../../victim/f", "length": 4, "note": ""},
        {"path": "l/f", "length": 4, "note": ""},
        {"path": "/etc/f", "length": 4, "note": ""},
        {"path": "f", "length": 1e400, "note": ""},
        {"path": "f", "length": None, "note": ""},
        ["f"],
        {},
    ],
)
def test_planted_records_lead_nowhere(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, world: World, record: object
) -> None:
    """The record is the user's file: a forged one allows nothing that the user could not do."""
    victim = world.base / "victim"
    victim.mkdir()
    (made / "l").symlink_to(victim)
    upload = storage.begin_upload(location, "f", length=4)
    (made / UPLOADS / f"{upload.id}.json").write_text(json.dumps(record))
    before = state_of(victim)
    with pytest.raises(StorageError):
        storage.append(location, upload.id, 0, [b"1234"])
    with pytest.raises(StorageError):
        storage.find_upload(location, upload.id)
    assert state_of(victim) == before


def test_planted_links_and_pipes_lead_nowhere(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, world: World
) -> None:
    victim = world.base / "victim.txt"
    victim.write_text("secret")
    upload = storage.begin_upload(location, "f", length=4)
    bytes_of = made / UPLOADS / upload.id
    plants: tuple[Callable[[], None], ...] = (
        lambda: bytes_of.symlink_to(victim),
        lambda: os.mkfifo(bytes_of),
        bytes_of.mkdir,
    )
    for plant in plants:
        bytes_of.unlink()
        plant()
        if not bytes_of.is_symlink():
            own(bytes_of, location.account)
        with pytest.raises(StorageError):
            storage.append(location, upload.id, 0, [b"1234"])
        if bytes_of.is_dir():
            bytes_of.rmdir()
            bytes_of.touch()
    assert victim.read_text() == "secret"


def test_directory_of_uploads_a_link_refused(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path, world: World
) -> None:
    victim = world.base / "victim"
    victim.mkdir()
    (made / UPLOADS).symlink_to(victim)
    before = state_of(victim)
    with pytest.raises(UnsafePath):
        storage.begin_upload(location, "f", length=1)
    assert storage.clear_uploads(location, now=datetime.now(UTC)) is None
    assert state_of(victim) == before


def test_begin_too_many_refused(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    storage.begin_upload(location, "f", length=1)
    for number in range(999):
        (made / UPLOADS / f"{number}").touch()
    with pytest.raises(StorageError, match="too many unfinished uploads"):
        storage.begin_upload(location, "g", length=1)


@pytest.mark.root
def test_clear_removes_old_parts_anywhere_but_those_in_use(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    (made / "deep").mkdir()
    own(made / "deep", location.account)
    for name in ("old", "used", "new"):
        part = own_part(made / "deep" / f".uws-part-{name}", location)
        if name != "new":
            os.utime(part, (0, 0))
    (made / "deep" / ".uws-part-link").symlink_to("x")
    os.utime(made / "deep" / ".uws-part-link", (0, 0), follow_symlinks=False)
    now = datetime.now(UTC)
    with (made / "deep" / ".uws-part-used").open("rb") as used:
        fcntl.flock(used, fcntl.LOCK_EX)
        again = storage.clear_uploads(location, now=now)
    assert again is not None
    assert now < again <= now + timedelta(hours=1)
    assert sorted(path.name for path in (made / "deep").iterdir()) == [".uws-part-new", ".uws-part-used"]


def own_part(path: Path, location: WorkspaceLocation) -> Path:
    path.write_bytes(b"x")
    return own(path, location.account)


def test_clear_spares_an_upload_in_use(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    upload = storage.begin_upload(location, "f", length=4)
    later = datetime.now(UTC) + UPLOAD_LIFETIME + timedelta(minutes=1)

    def chunks() -> Iterator[bytes]:
        yield b"12"
        assert storage.clear_uploads(location, now=later) is not None
        yield b"34"

    storage.append(location, upload.id, 0, chunks())
    assert (made / "f").read_bytes() == b"1234"
