"""Copies the content of an open file: as a reflink if the file system supports it, else by copying.

A reflink shares blocks until one of the files is written; unlike with a hard link, the files are independent.
"""

import errno
import fcntl
import os

FICLONE = 0x40049409
"""`_IOW(0x94, 9, int)`, see ioctl_ficlone(2)."""
_PIECE = 16 * 1024 * 1024
_UNSUPPORTED_COPY = {errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}
_UNSUPPORTED_CLONE = {*_UNSUPPORTED_COPY, errno.ENOTTY, errno.EPERM, errno.ETXTBSY}


def clone_or_copy(old: int, new: int, *, most: int) -> int:
    """Copy at most `most` bytes of `old` to the empty file `new`; return their number. Raises `OSError`."""
    if is_cloned(old, new):
        size = min(os.fstat(new).st_size, most)
        os.ftruncate(new, size)  # it may have grown since its size was read
        return size
    at = 0
    while at < most and (count := copy_piece(old, new, at, min(_PIECE, most - at))):
        at += count
    return at


def is_cloned(old: int, new: int) -> bool:
    """Share all blocks of `old` with `new`; False if the file system cannot."""
    try:
        fcntl.ioctl(new, FICLONE, old)
    except OSError as error:
        if error.errno in _UNSUPPORTED_CLONE:
            return False
        raise
    return True


def copy_piece(old: int, new: int, at: int, count: int) -> int:
    """Copy inside the kernel; return the number of bytes, 0 at the end of the file."""
    try:
        return os.copy_file_range(old, new, count, at, at)
    except OSError as error:
        if error.errno not in _UNSUPPORTED_COPY:
            raise
    # sendfile(2) takes no offset for the target: it writes at its position.
    os.lseek(new, at, os.SEEK_SET)
    return os.sendfile(new, old, at, count)
