"""Atomic writes of files and links: created beside the old entry, then renamed over it."""

import errno
import fcntl
import os
import secrets
import stat
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from hashlib import sha256

from user_workspaces.errors import Conflict, StorageError
from user_workspaces.interfaces.storage import NOTHING
from user_workspaces.plugins.storage.local_file_system.listing import version_of
from user_workspaces.plugins.storage.local_file_system.locations import Directory
from user_workspaces.plugins.storage.local_file_system.move import rename_to_free
from user_workspaces.plugins.storage.local_file_system.os_errors import WRITE
from user_workspaces.plugins.storage.local_file_system.paths import PART_PREFIX, closing, status_of
from user_workspaces.plugins.storage.local_file_system.reflink import clone_or_copy

_MOST_WRITERS = 50
"""Concurrent writers of one file."""
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_OLD = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK


def write_file(
    directory: Directory, name: str, chunks: Iterable[bytes], *, path: str, expecting: str | None = None
) -> int:
    """Write a file in an open directory and return its size in bytes; `path` is its name in messages."""
    if isinstance(chunks, list):  # nothing to wait for
        return _write_at_once(directory, name, partial(_append_all, chunks), path=path, expecting=expecting)
    with directory.acting(path, WRITE):
        part = _Part(directory.handle, name, expecting)
    try:
        # The chunks come from the caller (the network), so they are fetched with the server's rights.
        for chunk in chunks:
            with directory.acting(path):
                part.append(chunk)
        with directory.acting(path):
            part.finish()
    finally:
        with directory.acting(path):
            part.close()
    return part.size


def copy_file(directory: Directory, name: str, source: int, *, most: int, path: str) -> int:
    """Copy at most `most` bytes of an open file to a new one; return its size. `path`: see `write_file`."""
    return _write_at_once(directory, name, lambda part: part.take(source, most=most), path=path)


def _append_all(chunks: list[bytes], part: "_Part") -> None:
    for chunk in chunks:
        part.append(chunk)


def _write_at_once(
    directory: Directory, name: str, fill: "Callable[[_Part], None]", *, path: str, expecting: str | None = None
) -> int:
    """Write a file with available content, assuming the user's credentials only once; return its size."""
    with directory.acting(path, WRITE):
        part = _Part(directory.handle, name, expecting)
        try:
            fill(part)
            part.finish()
        finally:
            part.close()
    return part.size


def write_link(parent: int, name: str, target: str) -> None:
    """Create or replace the link `name`; raises `OSError` and then changes nothing."""
    temporary = PART_PREFIX + secrets.token_hex(16)
    os.symlink(target, temporary, dir_fd=parent)
    try:
        os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
    except OSError:
        os.unlink(temporary, dir_fd=parent)
        raise


def require_replaceable(parent: int, name: str) -> os.stat_result | None:
    """Return the status of the entry that a file would replace, None for none; raises `OSError` for a directory."""
    old = status_of(parent, name)
    if old is not None and stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return old


class _Part:
    """An unfinished file beside the one that it will replace.

    Its name is derived from the final name, and its writer holds a lock on it. So the next writer of the same file
    finds the remains of a crash, recognizes them by the missing lock, and removes them without listing the directory.
    """

    def __init__(self, parent: int, name: str, expecting: str | None) -> None:
        """Raises `StorageError` for more than `_MOST_WRITERS` at once, `OSError` if no file can be created."""
        self.size = 0
        self._expecting = expecting
        self._parent = parent
        self._name = name
        self._require_replaceable()
        self._part, self._handle = _make(parent, name)
        self._made = True

    def append(self, chunk: bytes) -> None:
        """Write all of a chunk."""
        rest = memoryview(chunk)
        while rest:
            rest = rest[os.write(self._handle, rest) :]
        self.size += len(chunk)

    def take(self, source: int, *, most: int) -> None:
        """Copy the content of another file, sharing its blocks if possible."""
        self.size = clone_or_copy(source, self._handle, most=most)

    def finish(self) -> None:
        """Rename the file to its final name, with the permissions of the one that it replaces."""
        old = self._require_replaceable()
        if old is not None and stat.S_ISREG(old.st_mode):
            os.fchmod(self._handle, old.st_mode & 0o777)
        # Before the rename, so that a crash never leaves an empty or partial file under the final name.
        os.fsync(self._handle)
        # Atomic for a new file only: a rename cannot compare versions, so another writer may come in between.
        if self._expecting == NOTHING:
            rename_to_free(self._parent, self._part, self._parent, self._name)
        else:
            os.rename(self._part, self._name, src_dir_fd=self._parent, dst_dir_fd=self._parent)
        self._made = False

    def close(self) -> None:
        """Remove the unfinished file, unless `finish` has renamed it."""
        try:
            if self._made:
                with suppress(FileNotFoundError):
                    os.unlink(self._part, dir_fd=self._parent)
        finally:
            # Closed last: until then, the lock keeps other writers from removing the file as stale.
            os.close(self._handle)

    def _require_replaceable(self) -> os.stat_result | None:
        old = require_replaceable(self._parent, self._name)
        if self._expecting not in {None, NOTHING if old is None else version_of(old)}:
            raise Conflict("The file has changed since you last read it.")
        return old


def _make(parent: int, name: str) -> tuple[str, int]:
    stem = PART_PREFIX + sha256(os.fsencode(name)).hexdigest()[:32]
    # A name that is taken belongs to another writer, which holds the lock of its file.
    for number in range(_MOST_WRITERS):
        part = f"{stem}-{number}"
        _remove_stale(parent, part)
        with suppress(FileExistsError):
            handle = os.open(part, _NEW, 0o600, dir_fd=parent)
            if _lock_new(handle):
                return part, handle
            os.close(handle)
    raise StorageError("Too many concurrent writes of this file. Try again later.")


def _lock_new(handle: int) -> bool:
    """Lock a new file; False if another writer just removed it as stale."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks: there no file is ever treated as stale
    return os.fstat(handle).st_nlink > 0


def _remove_stale(parent: int, part: str) -> None:
    """Remove an unfinished file whose writer is dead; holding its lock proves that, so no new file is removed."""
    try:
        handle = os.open(part, _OLD, dir_fd=parent)
    except OSError:
        return
    with closing(handle), suppress(OSError):
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        now = status_of(parent, part)
        # The name may belong to a newer file by now: only the file whose lock is held may be removed.
        if now is not None and os.path.samestat(now, os.fstat(handle)):
            os.unlink(part, dir_fd=parent)
