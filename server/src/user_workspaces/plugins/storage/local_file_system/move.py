"""Renames without replacing, atomically by renameat2(2) if the file system supports it."""

import ctypes
import errno
import os
import stat
from collections.abc import Callable

from user_workspaces.plugins.storage.local_file_system.paths import status_of

_NO_REPLACE = 1
_UNSUPPORTED = {errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP}
"""Errors of a file system or a kernel without RENAME_NOREPLACE."""
_RENAME: Callable[..., int] | None = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def move_entry(old_parent: int, old: str, new_parent: int, new: str, *, overwrite: bool) -> None:
    """Rename an entry; see `Storage.move`. Runs with the rights of the calling thread, raises `OSError`."""
    status = os.stat(old, dir_fd=old_parent, follow_symlinks=False)
    # rename(2) of an entry to itself succeeds without effect, but the new name is taken.
    if old == new and os.path.samestat(os.fstat(old_parent), os.fstat(new_parent)):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    if not overwrite or stat.S_ISDIR(status.st_mode):
        rename_to_free(old_parent, old, new_parent, new)
        return
    os.rename(old, new, src_dir_fd=old_parent, dst_dir_fd=new_parent)
    left = status_of(old_parent, old)
    here = status_of(new_parent, new)
    if left is not None and here is not None and left.st_nlink > 1 and os.path.samestat(left, here):
        # Two hard links of one file: rename(2) then does nothing and leaves both.
        os.unlink(old, dir_fd=old_parent)


def rename_to_free(old_parent: int, old: str, new_parent: int, new: str) -> None:
    """Rename to a free name; raises `FileExistsError` if the name exists."""
    if _RENAME is not None:
        failed = _RENAME(old_parent, os.fsencode(old), new_parent, os.fsencode(new), _NO_REPLACE)
        number = ctypes.get_errno()
        if not failed:
            return
        if number not in _UNSUPPORTED:
            raise OSError(number, os.strerror(number))
    # Not atomic: an entry that another process creates between the check and the rename is replaced.
    if status_of(new_parent, new) is not None:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST))
    os.rename(old, new, src_dir_fd=old_parent, dst_dir_fd=new_parent)
