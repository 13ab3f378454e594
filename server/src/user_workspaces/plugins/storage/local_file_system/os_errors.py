"""Translates errors of the operating system into messages for users; the only place that does."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from user_workspaces.errors import AccessDenied, Conflict, PathNotFound, StorageError, UnsafePath
from user_workspaces.interfaces.file_names import escape_bytes

_LONGEST_SHOWN = 200
READ, LIST, WRITE = "read this file", "list this folder", "change the folder that contains it"
"""The operation in a message: "You do not have permission to …"."""
_DENIED = "Permission denied: the permissions of this file or of its folder do not allow it."

_MESSAGES: dict[int, tuple[type[StorageError], str]] = {
    errno.ENOSPC: (
        StorageError,
        "The disk is full. Remove files that you no longer need, or ask your administrator for more space.",
    ),
    errno.EDQUOT: (StorageError, "Your disk quota is exceeded. Remove files that you no longer need."),
    errno.EFBIG: (StorageError, "The file is larger than this storage allows."),
    errno.EROFS: (StorageError, "This storage is read-only at the moment."),
    errno.EACCES: (AccessDenied, _DENIED),
    errno.EPERM: (AccessDenied, _DENIED),
    errno.EISDIR: (Conflict, "This is a directory, and directories are not replaced. Remove it first."),
    errno.ENOTDIR: (Conflict, "A part of this path is a file, not a directory."),
    errno.EEXIST: (Conflict, "A file or directory of this name already exists."),
    errno.EXDEV: (StorageError, "This is on another file system and cannot be moved there directly."),
    errno.ENOTEMPTY: (StorageError, "The directory is not empty."),
    errno.EBUSY: (StorageError, "This is in use by the system, for example as a mount point."),
    errno.ENOENT: (PathNotFound, "No such file or directory."),
    errno.ELOOP: (UnsafePath, "This is a link, and links are not followed."),
    errno.ENAMETOOLONG: (UnsafePath, "This name is too long."),
}


@contextmanager
def explained(path: str, wish: str = "") -> Iterator[None]:
    """Raise `StorageError` (or a subclass) in place of `OSError`, with the path as the caller passed it.

    `wish` is the operation that a message about missing permissions names (`READ`, `LIST` or `WRITE`).
    """
    try:
        yield
    except OSError as error:
        kind, text = _MESSAGES.get(error.errno or 0, (StorageError, "The file system reported an error."))
        if kind is AccessDenied and wish:
            text = f"You do not have permission to {wish}."
        raise kind(f"{shown(path)}: {text}") from error


def shown(path: str) -> str:
    """Return a path for a message: printable, and shortened to 200 characters."""
    text = escape_bytes(path)
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"
