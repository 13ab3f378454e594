"""Parses paths and opens directories component by component with openat(2), never through a link."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from user_workspaces.errors import UnsafePath
from user_workspaces.interfaces.file_names import name_of
from user_workspaces.plugins.storage.local_file_system.os_errors import shown

PASSAGE = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""For a directory on the way: O_PATH needs only the permission to traverse it, as any path does."""
READABLE = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""For a directory that is listed."""
PART_PREFIX = ".uws-part-"
"""Prefix of the names of unfinished files."""
LONGEST_PATH = 4095
"""In bytes: PATH_MAX, the limit for the users' own programs."""
_LONGEST_NAME = 255  # bytes: NAME_MAX


def parse_path(path: str) -> list[str]:
    """Return the components of a relative path, as names for the operating system.

    Raises `UnsafePath` for a path that no file of a workspace can have.
    """
    if problem := _problem_of_text(path):
        raise UnsafePath(f"{shown(path)}: {problem}")
    name = name_of(path)
    names = name.split("/")
    for problem in (_problem_of_length(name), *map(_problem_of_name, names)):
        if problem:
            raise UnsafePath(f"{shown(path)}: {problem}")
    return names


def _problem_of_text(path: str) -> str:
    if not path:
        return "A path cannot be empty."
    if path.startswith("/"):
        return "A path cannot begin with a slash: it is relative to the workspace."
    try:
        path.encode()
    except UnicodeEncodeError:
        return "A path must be valid Unicode."
    return ""


def _problem_of_length(name: str) -> str:
    return "This path is too long." if len(os.fsencode(name)) > LONGEST_PATH else ""


def _problem_of_name(name: str) -> str:
    if not name:
        return "A path cannot contain two slashes in a row or end with a slash."
    if name == "..":
        return "A path cannot contain double dots."
    if name == ".":
        return "A path cannot contain a single dot as a name."
    if "\0" in name:
        return "A path cannot contain a null character."
    if name.startswith(PART_PREFIX):
        return f"Names that begin with {PART_PREFIX} are reserved for unfinished files."
    return "This name is too long." if len(os.fsencode(name)) > _LONGEST_NAME else ""


def open_below(start: int, names: Sequence[str], *, make: bool = False) -> int:
    """Return a handle of the directory `names` below the handle `start`; the caller closes it.

    With `make`, missing directories are created. Raises `UnsafePath` at a link, else `OSError`. Each component is
    opened relative to the handle of the one before, with O_NOFOLLOW: a component that is replaced by a link between
    two calls cannot lead out of the workspace.
    """
    here = os.dup(start)
    for name in names:
        try:
            child = _step(here, name, make=make)
        finally:
            os.close(here)
        here = child
    return here


def _step(here: int, name: str, *, make: bool) -> int:
    try:
        return os.open(name, PASSAGE, dir_fd=here)
    except FileNotFoundError:
        if not make:
            raise
    except NotADirectoryError:
        # With O_DIRECTORY and O_NOFOLLOW, open(2) reports a link as ENOTDIR, like a file.
        if is_link(here, name):
            raise UnsafePath(f"{shown(name)} is a link, and links are not followed.") from None
        if make:
            raise
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None  # a file has no entries
    # Another request may create it at the same time; the second open also detects a link at this name.
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=here)
    return _step(here, name, make=False)


def is_link(parent: int, name: str) -> bool:
    """Return True if the entry is a symbolic link now; False if it is missing."""
    status = status_of(parent, name)
    return status is not None and stat.S_ISLNK(status.st_mode)


def status_of(parent: int, name: str) -> os.stat_result | None:
    """Return the status of the entry itself, following no link; None if it is missing."""
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_empty(handle: int) -> bool:
    """Return True if an open directory has no entries now."""
    with os.scandir(handle) as entries:
        return next(entries, None) is None


@contextmanager
def closing(handle: int) -> Iterator[int]:
    """Close a handle at the end of a block."""
    try:
        yield handle
    finally:
        os.close(handle)
