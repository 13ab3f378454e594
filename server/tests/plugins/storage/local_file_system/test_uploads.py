"""Uploads in several requests: their files, crashes, and files that users plant."""

import os
import random
import resource
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from plugins.storage.local_file_system.worlds import open_handles
from support.budget import budget
from user_workspaces.errors import Conflict, InUse, PathNotFound, StorageError
from user_workspaces.interfaces.storage import UPLOAD_LIFETIME
from user_workspaces.interfaces.values import WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage
from user_workspaces.plugins.storage.local_file_system.uploads import UPLOADS

# The children do nothing but write, so it does not matter that other threads are not in them.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
KILLS = budget(10, full=50)
PIECE = 64 * 1024


def waiting(made: Path) -> list[str]:
    return sorted(path.name for path in (made / UPLOADS).iterdir())


def test_upload_belongs_to_the_user(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    upload = storage.begin_upload(location, "d/f", length=2)
    storage.append(location, upload.id, 0, [b"1"])
    for path in (made / UPLOADS, *(made / UPLOADS).iterdir()):
        assert (path.stat().st_uid, path.stat().st_gid) == (location.account.uid, location.account.gid)
    assert (made / UPLOADS).stat().st_mode & 0o777 == 0o700
    storage.append(location, upload.id, 1, [b"2"])
    assert (made / "d" / "f").stat().st_uid == location.account.uid
    assert waiting(made) == [f"{upload.id}.json"]


def test_upload_keeps_permissions_of_what_it_replaces(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    storage.write(location, "run.sh", [b"old"])
    (made / "run.sh").chmod(0o755)
    upload = storage.begin_upload(location, "run.sh", length=3)
    storage.append(location, upload.id, 0, [b"new"])
    assert (made / "run.sh").stat().st_mode & 0o7777 == 0o755


def test_append_at_once_is_refused(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    upload = storage.begin_upload(location, "f", length=4)

    def chunks() -> Iterator[bytes]:
        yield b"12"
        for attempt in (
            lambda: storage.append(location, upload.id, 2, [b"x"]),
            lambda: storage.cancel_upload(location, upload.id),
        ):
            with pytest.raises(InUse):
                attempt()
        assert storage.find_upload(location, upload.id).offset == 2
        yield b"34"

    assert storage.append(location, upload.id, 0, chunks()).finished


def test_append_by_many_writes_each_byte_once(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    upload, start = storage.begin_upload(location, "f", length=8 * 1000), threading.Barrier(8)

    def work(number: int) -> None:
        start.wait(timeout=60)
        offset = number * 1000
        while storage.find_upload(location, upload.id).offset <= offset:
            try:
                storage.append(location, upload.id, offset, [bytes([65 + number]) * 1000])
            except (InUse, Conflict):
                continue

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (made / "f").read_bytes() == b"".join(bytes([65 + number]) * 1000 for number in range(8))


def test_append_chunks_made_with_the_servers_rights(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    seen = list[int]()

    def chunks() -> Iterator[bytes]:
        for _ in range(3):
            seen.append(os.geteuid())
            yield b"1"

    upload = storage.begin_upload(location, "f", length=3)
    storage.append(location, upload.id, 0, chunks())
    assert seen == [os.getuid()] * 3


def test_handles_are_closed(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    before = open_handles()
    upload = storage.begin_upload(location, "f", length=3)
    for offset, chunks in ((1, [b"1"]), (0, [b"1"]), (0, [b"1"])):
        try:
            storage.append(location, upload.id, offset, chunks)
        except Conflict:
            continue
    storage.cancel_upload(location, upload.id)
    storage.clear_uploads(location, now=datetime.now(UTC))
    storage.entries(location, "")
    assert open_handles() == before


def test_full_disk_keeps_what_came(storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path) -> None:
    """The upload continues when there is free space again."""
    upload = storage.begin_upload(location, "f", length=180_000)
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, old[1]))
    try:
        with pytest.raises(StorageError, match="larger than this storage allows"):
            storage.append(location, upload.id, 0, [b"x" * 60_000] * 3)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
    assert storage.find_upload(location, upload.id).offset == 100_000
    assert storage.append(location, upload.id, 100_000, [b"x" * 80_000]).finished
    assert (made / "f").read_bytes() == b"x" * 180_000


def test_begin_upload_larger_than_the_disk_refused(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    reservation = os.statvfs(made)
    with pytest.raises(StorageError, match="The disk is full"):
        storage.begin_upload(location, "f", length=reservation.f_bavail * reservation.f_frsize * 2)
    assert waiting(made) == []


def kill_while_appending(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, upload_id: str, content: bytes
) -> None:
    """Let a process of our own send what is missing, and kill it at any moment."""
    child = os.fork()
    if child == 0:
        offset = storage.find_upload(location, upload_id).offset
        rest = (content[at : at + PIECE] for at in range(offset, len(content), PIECE))
        storage.append(location, upload_id, offset, rest)
        os._exit(0)
    pause = threading.Event()
    pause.wait(random.random() * 0.015)  # noqa: S311  any moment will do
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_killed_uploads_are_finished_or_continue(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    """After each kill the offset on disk is right; at the end there is one complete file and nothing else."""
    content, interrupted = os.urandom(4_000_000), 0
    for number in range(KILLS):
        name = f"d{number % 3}/f{number}"
        upload = storage.begin_upload(location, name, length=len(content))
        kill_while_appending(storage, location, upload.id, content)
        found = storage.find_upload(location, upload.id)
        if not found.finished:
            interrupted += 1
            with pytest.raises(PathNotFound):
                storage.stat(location, name)
            assert (made / UPLOADS / upload.id).read_bytes() == content[: found.offset]
            found = storage.append(location, upload.id, found.offset, [content[found.offset :]])
        assert found.finished
        assert (made / name).read_bytes() == content
        storage.remove(location, name)
        storage.cancel_upload(location, upload.id)
        assert waiting(made) == []
    assert interrupted > 0


def test_crash_between_last_byte_and_end_is_finished_when_asked(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    upload = storage.begin_upload(location, "d/f", length=4)
    (made / UPLOADS / upload.id).write_bytes(b"1234")
    assert storage.find_upload(location, upload.id).finished
    assert (made / "d" / "f").read_bytes() == b"1234"


def test_crash_while_beginning_is_no_upload(
    storage: LocalFileSystemStorage, location: WorkspaceLocation, made: Path
) -> None:
    upload = storage.begin_upload(location, "f", length=4)
    (made / UPLOADS / f"{upload.id}.json").write_text('{"path": "f", "len')
    with pytest.raises(PathNotFound):
        storage.find_upload(location, upload.id)
    assert storage.clear_uploads(location, now=datetime.now(UTC) + UPLOAD_LIFETIME + timedelta(minutes=1)) is None
    assert waiting(made) == []
