"""The one place that turns what the operating system answers into what a person can read."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

from user_workspaces.errors import Conflict, PathNotFound, StorageError, UnsafePath

_LONGEST_SHOWN = 200
_SURROGATES = re.compile("[\ud800-\udfff]")
"""What bytes that are no UTF-8 become when Python decodes a file name."""

_ANSWERS: dict[int, tuple[type[StorageError], str]] = {
    errno.ENOSPC: (
        StorageError,
        "The disk is full. Remove files that you no longer need, or ask the operator for room.",
    ),
    errno.EDQUOT: (StorageError, "Your disk quota is used up. Remove files that you no longer need."),
    errno.EFBIG: (StorageError, "The file is larger than this storage takes."),
    errno.EROFS: (StorageError, "This storage cannot be written at the moment."),
    errno.EACCES: (StorageError, "The rights of this file or of its directory do not allow that."),
    errno.EPERM: (StorageError, "The rights of this file or of its directory do not allow that."),
    errno.EISDIR: (Conflict, "This is a directory, and a directory is not replaced. Remove it first."),
    errno.ENOTDIR: (Conflict, "A part of this path is a file, not a directory."),
    errno.EEXIST: (Conflict, "There is something of this name already."),
    errno.EXDEV: (StorageError, "This lies on another file system, and cannot be moved there in one step."),
    errno.ENOTEMPTY: (StorageError, "The directory is not empty."),
    errno.EBUSY: (StorageError, "This is in use by the system, for example as a mount point."),
    errno.ENOENT: (PathNotFound, "There is no such file or directory."),
    errno.ELOOP: (UnsafePath, "This is a link, and links are not followed."),
    errno.ENAMETOOLONG: (UnsafePath, "This name is too long."),
}


def printable(path: str) -> str:
    """Return a path as it can be shown and be put into JSON: what is no UTF-8 becomes U+FFFD."""
    # No codec but UTF-8 here: another would be imported now, perhaps with the rights of a person who may not read it.
    return path if path.isascii() else _SURROGATES.sub("\N{REPLACEMENT CHARACTER}", path)


@contextmanager
def explained(path: str) -> Iterator[None]:
    """Raise `StorageError` (or a kind of it) in place of `OSError`, with the path as the caller knows it."""
    try:
        yield
    except OSError as error:
        kind, text = _ANSWERS.get(error.errno or 0, (StorageError, "The file system answered with an error."))
        raise kind(f"{shown(path)}: {text}") from error


def shown(path: str) -> str:
    """Return a path for a message: printable, and of a bearable length."""
    text = printable(path)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
