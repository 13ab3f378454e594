"""Uploads in several requests; their bytes are kept in a hidden directory of the workspace.

Each upload has two files that belong to the user: `<id>` holds the bytes so far, so its size is the offset, also after
a crash; `<id>.json` is the record with the target path. The bytes are created first and removed last, except by the
rename that finishes the upload: so a record without bytes always means a finished upload.
"""

import errno
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from user_workspaces.errors import Conflict, InUse, InvalidRequest, PathNotFound, StorageError
from user_workspaces.interfaces.storage import FINISHED_UPLOAD_LIFETIME, UPLOAD_LIFETIME
from user_workspaces.interfaces.values import Upload
from user_workspaces.plugins.storage.local_file_system.locations import Directory
from user_workspaces.plugins.storage.local_file_system.paths import (
    PART_PREFIX,
    closing,
    open_below,
    parse_path,
    status_of,
)
from user_workspaces.plugins.storage.local_file_system.write import require_replaceable

UPLOADS = f"{PART_PREFIX}uploads"
"""The directory of a workspace for unfinished uploads."""
RECORD = ".json"
_ID_BYTES = 16
_ID_CHARACTERS = frozenset("0123456789abcdef")
_LARGEST_RECORD = 65_536
_LARGEST_LENGTH = 2**63 - 1
_CONTROL = frozenset(range(32))
_MOST_UNFINISHED = 1_000
"""Per workspace; more are an error of the client, and would fill the disk with small files."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK
_NOT_THERE = "No such upload: it was finished or cancelled, or it expired. Please start it again."


@dataclass(frozen=True, slots=True)
class _Record:
    path: str
    length: int
    note: str
    written: float


def begin(workspace: Directory, path: str, *, length: int, note: str) -> Upload:
    """See `Storage.begin_upload`."""
    upload_id = secrets.token_hex(_ID_BYTES)
    record = json.dumps({"path": path, "length": length, "note": note}).encode()
    if len(record) > _LARGEST_RECORD:
        raise InvalidRequest("The description of this upload is too long.")
    with workspace.acting(path):
        _require_target(workspace.handle, path)
        with closing(_uploads_of(workspace.handle, make=True)) as uploads:
            _require_free_space(uploads, length)
            for name, content in ((upload_id, b""), (upload_id + RECORD, record)):
                with closing(os.open(name, _NEW, 0o600, dir_fd=uploads)) as handle:
                    os.write(handle, content)
    return find(workspace, upload_id)


def find(workspace: Directory, upload_id: str) -> Upload:
    """See `Storage.find_upload`; finishes an upload that a crash left complete but not renamed."""
    with _entered(workspace, upload_id) as uploads:
        with workspace.acting():
            record, status = _read(uploads, upload_id), status_of(uploads, upload_id)
        if status is None:
            return _described(upload_id, record, None)
        if status.st_size < record.length:
            return _described(upload_id, record, status)
        # `InUse`: another request is writing or finishing this upload at the moment.
        with suppress(InUse), _Bytes.opened(workspace, uploads, upload_id, record.path) as waiting:
            return waiting.finish(record)
        return _described(upload_id, record, status)


def append(workspace: Directory, upload_id: str, offset: int, chunks: Iterable[bytes]) -> Upload:
    """See `Storage.append`."""
    with _entered(workspace, upload_id) as uploads:
        with workspace.acting():
            record = _read(uploads, upload_id)
        with _Bytes.opened(workspace, uploads, upload_id, record.path) as waiting:
            if waiting.size != offset:
                raise Conflict(f"The upload is at byte {waiting.size}, not at {offset}. Continue from there.")
            for chunk in chunks:  # fetched with the server's rights
                waiting.append(chunk, most=record.length)
            if waiting.size >= record.length:
                return waiting.finish(record)
            with workspace.acting(record.path):
                return _described(upload_id, record, os.fstat(waiting.handle))


def cancel(workspace: Directory, upload_id: str) -> None:
    """See `Storage.cancel_upload`."""
    with _entered(workspace, upload_id) as uploads:
        with workspace.acting():
            record, status = _read(uploads, upload_id), status_of(uploads, upload_id)
        if status is None:
            with workspace.acting():
                _forget(uploads, upload_id)
            return
        with _Bytes.opened(workspace, uploads, upload_id, record.path), workspace.acting():
            _forget(uploads, upload_id)


def open_uploads(workspace: int) -> int:
    """Return a handle of the uploads directory; call it with the user's rights. Raises `OSError`, `UnsafePath`."""
    return _uploads_of(workspace, make=False)


class _Bytes:
    """The received bytes of one upload, locked against other requests."""

    def __init__(self, workspace: Directory, uploads: int, upload_id: str, handle: int) -> None:
        self.handle = handle
        self.size = os.fstat(handle).st_size
        self._workspace = workspace
        self._uploads = uploads
        self._id = upload_id

    @classmethod
    @contextmanager
    def opened(cls, workspace: Directory, uploads: int, upload_id: str, path: str) -> "Iterator[_Bytes]":
        """Open and lock them for a block; raises `InUse`, and `PathNotFound` if the upload is gone."""
        with workspace.acting(path):
            try:
                handle = os.open(upload_id, _APPEND, dir_fd=uploads)
            except FileNotFoundError:
                raise PathNotFound(_NOT_THERE) from None
        with closing(handle):
            _lock(handle)
            with workspace.acting(path):
                now = status_of(uploads, upload_id)
            if now is None or not stat.S_ISREG(now.st_mode) or not os.path.samestat(now, os.fstat(handle)):
                raise PathNotFound(_NOT_THERE)  # finished or cancelled since the open
            yield cls(workspace, uploads, upload_id, handle)

    def append(self, chunk: bytes, *, most: int) -> None:
        """Write a chunk; raises `InvalidRequest` if it exceeds the upload's length."""
        if self.size + len(chunk) > most:
            raise InvalidRequest(f"The upload is larger than its declared size of {most} bytes.")
        rest = memoryview(chunk)
        with self._workspace.acting(self._id):
            while rest:
                written = os.write(self.handle, rest)
                self.size, rest = self.size + written, rest[written:]

    def finish(self, record: _Record) -> Upload:
        """Rename the file to its final path."""
        *above, name = parse_path(record.path)
        with self._workspace.acting(record.path):
            with closing(open_below(self._workspace.handle, above, make=True)) as parent:
                old = require_replaceable(parent, name)
                if old is not None and stat.S_ISREG(old.st_mode):
                    os.fchmod(self.handle, old.st_mode & 0o777)
                # Before the rename, so that a crash never leaves a partial file under the final name.
                os.fsync(self.handle)
                os.rename(self._id, name, src_dir_fd=self._uploads, dst_dir_fd=parent)
            with suppress(FileNotFoundError):
                # The lifetime of a finished upload begins now.
                os.utime(self._id + RECORD, dir_fd=self._uploads, follow_symlinks=False)
        return _described(self._id, record, None)


@contextmanager
def _entered(workspace: Directory, upload_id: str) -> Iterator[int]:
    if len(upload_id) != 2 * _ID_BYTES or not _ID_CHARACTERS.issuperset(upload_id):
        raise PathNotFound(_NOT_THERE)
    with workspace.acting():
        try:
            uploads = _uploads_of(workspace.handle, make=False)
        except FileNotFoundError:
            raise PathNotFound(_NOT_THERE) from None
    with closing(uploads):
        yield uploads


def _uploads_of(workspace: int, *, make: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(UPLOADS, 0o700, dir_fd=workspace)
    return open_below(workspace, [UPLOADS])


def _require_target(workspace: int, path: str) -> None:
    """Raise the error that `finish` would raise, as far as it is known now."""
    *above, name = parse_path(path)
    try:
        parent = open_below(workspace, above)
    except FileNotFoundError:
        _require_no_file_above(workspace, above)
        return
    with closing(parent):
        require_replaceable(parent, name)


def _require_no_file_above(workspace: int, above: list[str]) -> None:
    """Raise `NotADirectoryError` if a missing directory would be below a file."""
    here = os.dup(workspace)
    try:
        for name in above:
            status = status_of(here, name)
            if status is None:
                return
            if not stat.S_ISDIR(status.st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            below = open_below(here, [name])
            os.close(here)
            here = below
    finally:
        os.close(here)


def _require_free_space(uploads: int, length: int) -> None:
    disk = os.fstatvfs(uploads)
    # f_bavail leaves out the blocks that are reserved for root.
    if length > disk.f_bavail * disk.f_frsize:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with closing(os.open(".", os.O_RDONLY | os.O_DIRECTORY, dir_fd=uploads)) as listed, os.scandir(listed) as found:
        if sum(not item.name.endswith(RECORD) for item in found) >= _MOST_UNFINISHED:
            raise StorageError("This workspace has too many unfinished uploads. Finish or cancel some first.")


def _read(uploads: int, upload_id: str) -> _Record:
    """Return an upload's record; raises `PathNotFound` for an invalid one, since its user can change it."""
    try:
        with closing(os.open(upload_id + RECORD, _READ, dir_fd=uploads)) as handle:
            raw = json.loads(os.read(handle, _LARGEST_RECORD + 1))
            record = _Record(str(raw["path"]), int(raw["length"]), str(raw["note"]), os.fstat(handle).st_mtime)
            parse_path(record.path)
            if _CONTROL.intersection(record.note.encode()) or not 0 <= record.length <= _LARGEST_LENGTH:
                raise PathNotFound(_NOT_THERE)
    except (FileNotFoundError, IsADirectoryError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise PathNotFound(_NOT_THERE) from None
    return record


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUse("Another request is writing to this upload. Wait until it has ended.") from None
    except OSError:
        return  # a file system without locks: the offset that each client sends must suffice


def _forget(uploads: int, upload_id: str) -> None:
    # The record first: a record without bytes would mean a finished upload.
    for name in (upload_id + RECORD, upload_id):
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=uploads)


def _described(upload_id: str, record: _Record, status: os.stat_result | None) -> Upload:
    """Describe an upload; a status of None means that it is finished."""
    last = record.written if status is None else max(status.st_mtime, record.written)
    lifetime = FINISHED_UPLOAD_LIFETIME if status is None else UPLOAD_LIFETIME
    return Upload(
        id=upload_id,
        path=record.path,
        length=record.length,
        offset=record.length if status is None else min(status.st_size, record.length),
        finished=status is None,
        expires=datetime.fromtimestamp(min(max(last, 0), 2**32), UTC) + lifetime,
        note=record.note,
    )
