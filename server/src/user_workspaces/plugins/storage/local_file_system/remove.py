"""Removes trees: following no link, of any depth and size, while others may write into them; twice is safe."""

import errno
import os
import stat
from pathlib import Path

from user_workspaces.errors import StorageError
from user_workspaces.plugins.storage.local_file_system.os_errors import shown
from user_workspaces.plugins.storage.local_file_system.paths import PASSAGE, closing, status_of
from user_workspaces.plugins.storage.local_file_system.walk import Visit, walk

_MOST_PASSES = 10
_ALL_OF_OWNER = 0o700
_CHANGED_MEANWHILE = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.EEXIST}


def remove_entry(parent: int, name: str) -> None:
    """Remove an entry with all that is in it; no-op when it is gone. Runs with the rights of the calling thread.

    Raises `StorageError` where something stays: somebody keeps writing there, or files of another account.
    """
    for _ in range(_MOST_PASSES):
        status = status_of(parent, name)
        if status is None:
            return
        visit = Visit(parent, (), name, status, left=True)
        if visit.is_directory:
            _empty(visit)
        _remove(visit)
    raise StorageError(f"{shown(name)}: Something in it could not be removed: it is not yours, or it is being written.")


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
    """Leave to the next pass what somebody has changed since it was looked at."""
    if error.errno not in _CHANGED_MEANWHILE:
        raise error


def _open_up(visit: Visit) -> None:
    """Let the owner into a directory that is closed even to them; what is not theirs stays as it is."""
    if stat.S_IMODE(visit.status.st_mode) & _ALL_OF_OWNER == _ALL_OF_OWNER:
        return
    try:
        with closing(os.open(visit.name, PASSAGE, dir_fd=visit.parent)) as handle:
            # By way of /proc: `chmod` takes no such handle, and given the name it would follow a link.
            Path(f"/proc/self/fd/{handle}").chmod(_ALL_OF_OWNER)
    except PermissionError:
        return
    except OSError as error:
        _tolerate(error)
