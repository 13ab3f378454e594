"""From the text of a path to an open directory: one component after the other, and never through a link."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from user_workspaces.errors import UnsafePath
from user_workspaces.interfaces.file_names import name_of
from user_workspaces.plugins.storage.local_file_system.os_errors import shown

PASSAGE = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""For a directory on the way: being allowed to pass is enough, as with every path."""
READABLE = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
"""For a directory that will be listed."""
PART_PREFIX = ".uws-part-"
"""How the names of files in the making begin."""
LONGEST_PATH = 4095
"""In bytes: what the kernel takes in one call, so what people's own programs can open."""
_LONGEST_NAME = 255


def parse_path(path: str) -> list[str]:
    """Return the names that the text of a relative path stands for, as the operating system takes them.

    Raises `UnsafePath` for one that no file of a workspace can have.
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
        return "A path has to be valid Unicode."
    return ""


def _problem_of_length(name: str) -> str:
    return "This path is too long." if len(os.fsencode(name)) > LONGEST_PATH else ""


def _problem_of_name(name: str) -> str:
    if not name:
        return "A path cannot contain two slashes in a row, nor end with one."
    if name == "..":
        return "A path cannot contain double dots."
    if name == ".":
        return "A path cannot contain a single dot as a name."
    if "\0" in name:
        return "A path cannot contain a null character."
    if name.startswith(PART_PREFIX):
        return f"Names that begin with {PART_PREFIX} are kept for files in the making."
    return "This name is too long." if len(os.fsencode(name)) > _LONGEST_NAME else ""


def open_below(start: int, names: Sequence[str], *, make: bool = False) -> int:
    """Return a handle of the directory `names` below the handle `start`; the caller closes it.

    With `make`, directories that are missing are made. Raises `UnsafePath` at a link, else `OSError`.
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
        if is_link(here, name):
            raise UnsafePath(f"{shown(name)} is a link, and links are not followed.") from None
        if make:
            raise
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)) from None  # nothing is below a file
    with suppress(FileExistsError):
        os.mkdir(name, 0o700, dir_fd=here)
    return _step(here, name, make=False)


def is_link(parent: int, name: str) -> bool:
    """Say whether the entry is a symbolic link now; False when it is gone."""
    status = status_of(parent, name)
    return status is not None and stat.S_ISLNK(status.st_mode)


def status_of(parent: int, name: str) -> os.stat_result | None:
    """Return the status of the entry itself, following no link; None when it is not there."""
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_empty(handle: int) -> bool:
    """Say whether an open directory has no entries now."""
    with os.scandir(handle) as entries:
        return next(entries, None) is None


@contextmanager
def closing(handle: int) -> Iterator[int]:
    """Close a handle at the end of a block."""
    try:
        yield handle
    finally:
        os.close(handle)
