"""Removes trees of any depth and size, following no link, also while other processes write to them; idempotent."""

import errno
import os
import stat
from pathlib import Path

from user_workspaces.errors import StorageError
from user_workspaces.plugins.storage.local_file_system.os_errors import shown
from user_workspaces.plugins.storage.local_file_system.paths import PASSAGE, closing, status_of
from user_workspaces.plugins.storage.local_file_system.walk import Visit, walk

# A limit, since other processes may create entries as fast as they are removed.
_MOST_PASSES = 10
_ALL_OF_OWNER = 0o700
_CHANGED_MEANWHILE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST}


def remove_entry(parent: int, name: str) -> None:
    """Remove an entry with all its content, with the rights of the calling thread; no-op if it is missing.

    Raises `StorageError` if something stays: another process keeps writing, or it belongs to another account.
    """
    for _ in range(_MOST_PASSES):
        status = status_of(parent, name)
        if status is None:
            return
        visit = Visit(parent, (), name, status, left=True)
        if visit.is_directory:
            _empty(visit)
        _remove(visit)
    raise StorageError(f"{shown(name)}: It was not fully removed: another account owns a part, or it is being written.")


def _empty(directory: Visit) -> None:
    _open_up(directory)
    try:
        handle = os.open(directory.name, PASSAGE, dir_fd=directory.parent)
    except OSError as error:
        return _tolerate(error)
    with closing(handle):
        for visit in walk(handle):
            if visit.left or not visit.is_directory:
                _remove(visit)
            else:
                _open_up(visit)
    return None


def _remove(visit: Visit) -> None:
    try:
        if visit.is_directory:
            os.rmdir(visit.name, dir_fd=visit.parent)
        else:
            os.unlink(visit.name, dir_fd=visit.parent)
    except OSError as error:
        _tolerate(error)


def _tolerate(error: OSError) -> None:
    """Ignore errors of entries that changed meanwhile: the next pass removes them."""
    if error.errno not in _CHANGED_MEANWHILE:
        raise error


def _open_up(visit: Visit) -> None:
    """Give the owner of a directory access to it; directories of other accounts are not changed."""
    if stat.S_IMODE(visit.status.st_mode) & _ALL_OF_OWNER == _ALL_OF_OWNER:
        return
    try:
        with closing(os.open(visit.name, PASSAGE, dir_fd=visit.parent)) as handle:
            # Through /proc: fchmod(2) does not accept an O_PATH handle, and chmod(2) by name would follow a link.
            Path(f"/proc/self/fd/{handle}").chmod(_ALL_OF_OWNER)
    except PermissionError:
        return
    except OSError as error:
        _tolerate(error)
