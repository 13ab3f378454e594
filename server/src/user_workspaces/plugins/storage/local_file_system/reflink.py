"""The content of one open file into another: shared between them where the file system can, copied where it cannot.

What is shared is the blocks, and only until one of the two is written to: never the file, as a hard link would.
"""

import errno
import fcntl
import os

FICLONE = 0x40049409
"""`_IOW(0x94, 9, int)`, see ioctl_ficlone(2)."""
_PIECE = 16 * 1024 * 1024
_NOT_BETWEEN_THESE = {errno.EXDEV, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS}
_NO_CLONES = {*_NOT_BETWEEN_THESE, errno.ENOTTY, errno.EPERM, errno.ETXTBSY}


def clone_or_copy(old: int, new: int, *, most: int) -> int:
    """Make the empty file `new` hold what `old` does, `most` bytes of it; return how many. Raises `OSError`."""
    if is_cloned(old, new):
        size = min(os.fstat(new).st_size, most)
        os.ftruncate(new, size)  # it may have grown since somebody has asked for its size
        return size
    at = 0
    while at < most and (count := copy_piece(old, new, at, min(_PIECE, most - at))):
        at += count
    return at


def is_cloned(old: int, new: int) -> bool:
    """Share all blocks of `old` with `new`; False where this file system cannot."""
    try:
        fcntl.ioctl(new, FICLONE, old)
    except OSError as error:
        if error.errno in _NO_CLONES:
            return False
        raise
    return True


def copy_piece(old: int, new: int, at: int, count: int) -> int:
    """Copy inside the kernel; return the bytes copied, 0 at the end."""
    try:
        return os.copy_file_range(old, new, count, at, at)
    except OSError as error:
        if error.errno not in _NOT_BETWEEN_THESE:
            raise
    os.lseek(new, at, os.SEEK_SET)
    return os.sendfile(new, old, at, count)
