"""The one place that turns what the operating system answers into what a person can read."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from user_workspaces.errors import AccessDenied, Conflict, PathNotFound, StorageError, UnsafePath
from user_workspaces.interfaces.file_names import escape_bytes

_LONGEST_SHOWN = 200
READ, LIST, WRITE = "read this file", "list this folder", "change the folder that it is in"
"""What a person wants to do."""
_DENIED = "The permissions of this file or of its folder do not allow that."

_ANSWERS: dict[int, tuple[type[StorageError], str]] = {
    errno.ENOSPC: (
        StorageError,
        "The disk is full. Remove files that you no longer need, or ask the operator for room.",
    ),
    errno.EDQUOT: (StorageError, "Your disk quota is used up. Remove files that you no longer need."),
    errno.EFBIG: (StorageError, "The file is larger than this storage takes."),
    errno.EROFS: (StorageError, "This storage cannot be written at the moment."),
    errno.EACCES: (AccessDenied, _DENIED),
    errno.EPERM: (AccessDenied, _DENIED),
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


@contextmanager
def explained(path: str, wish: str = "") -> Iterator[None]:
    """Raise `StorageError` (or a kind of it) in place of `OSError`, with the path as the caller knows it.

    `wish` is what the person wants to do: it is named where they may not.
    """
    try:
        yield
    except OSError as error:
        kind, text = _ANSWERS.get(error.errno or 0, (StorageError, "The file system answered with an error."))
        if kind is AccessDenied and wish:
            text = f"You may not {wish}: the permissions do not allow it."
        raise kind(f"{shown(path)}: {text}") from error


def shown(path: str) -> str:
    """Return a path for a message: printable, and of a bearable length."""
    text = escape_bytes(path)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
