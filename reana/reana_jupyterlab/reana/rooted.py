"""Confines file access to one directory: each step starts from an open directory, so that no race can escape.

Paths are walked name by name with `openat`; `..`, absolute paths and invalid names are rejected before. Symbolic links
are followed for reading while they stay below the root, and never for writing.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from .errors import BadRequest, Conflict, LocalFailure, NotFound, ReanaError

# Reading it means setting it for a moment, in which other threads may create files: read once, with a strict value.
UMASK = os.umask(0o077)
os.umask(UMASK)

MAX_LINKS = 40  # the limit of Linux, too
NAME_LIMIT = 255
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# What Linux returns if O_NOFOLLOW meets a link, without and with O_DIRECTORY.
_ENDS_IN_A_LINK = (errno.ELOOP, errno.ENOTDIR)


@dataclass(frozen=True)
class Entry:
    """An entry of a directory; for a link, `kind` is that of its target."""

    name: str
    kind: Literal["file", "directory"]
    size: int


def parts_of(path: str) -> tuple[str, ...]:
    """Split a relative path, or raise `BadRequest` if it could leave the root."""
    parts = tuple(part for part in path.split("/") if part not in {"", "."})
    # The kernel limits the bytes of a name, not its characters.
    too_long = any(len(os.fsencode(part)) > NAME_LIMIT for part in parts)
    if path.startswith("/") or ".." in parts or "\0" in path or too_long:
        raise BadRequest(f"'{path}' is not a path below Jupyter's root directory.")
    return parts


class Root:
    """A directory that file access is confined to; its own path, set by the administrator, may contain links."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextmanager
    def directory(self, path: str, *, create: bool = False) -> Iterator[int]:
        """Open a directory and yield its descriptor. With `create` no link is followed."""
        with named_os_errors(path), _Walk(self.path) as walk:
            if create:
                walk.make(parts_of(path))
            else:
                walk.down(parts_of(path))
            yield walk.here

    @contextmanager
    def reading(self, path: str) -> Iterator[int]:
        """Open a regular file for reading."""
        with named_os_errors(path), _Walk(self.path) as walk:
            name = walk.down_to_last(parts_of(path))
            # O_NONBLOCK: opening a FIFO without a writer would block for ever.
            descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=walk.here)
            try:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise BadRequest(f"'{path}' is not a file.")
                yield descriptor
            finally:
                os.close(descriptor)

    def read_text(self, path: str, *, limit: int) -> str:
        """Return the content of a text file. Raises `BadRequest` beyond `limit` bytes."""
        # `fdopen` closes its descriptor, and `reading` closes the original.
        with self.reading(path) as descriptor, os.fdopen(os.dup(descriptor), "rb") as file:
            content = file.read(limit + 1)  # one more byte shows that it is too large, also if it grows
        if len(content) > limit:
            raise BadRequest(f"'{path}' is too large.")
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise BadRequest(f"'{path}' is not a text file.") from error

    def entries(self, path: str) -> list[Entry]:
        """List regular files and directories; links that leave the root are omitted."""
        with self.directory(path) as here:
            names = os.listdir(here)  # noqa: PTH208 - an open directory, not a path
            found = (self._entry(path, name, here) for name in names)
            return [entry for entry in found if entry is not None]

    def kind(self, path: str) -> Literal["file", "directory", ""]:
        """Return the kind of a path; '' if it does not exist below the root."""
        try:
            with self.reading(path):
                return "file"
        except ReanaError:
            pass
        try:
            with self.directory(path):
                return "directory"
        except ReanaError:
            return ""

    def _entry(self, path: str, name: str, here: int) -> Entry | None:
        # An entry may be deleted while its directory is listed.
        with suppress(OSError):
            found = os.stat(name, dir_fd=here, follow_symlinks=False)
            if stat.S_ISLNK(found.st_mode):
                kind = self.kind(f"{path}/{name}") if path else self.kind(name)
                return Entry(name, kind, 0) if kind else None
            if stat.S_ISREG(found.st_mode):
                return Entry(name, "file", found.st_size)
            if stat.S_ISDIR(found.st_mode):
                return Entry(name, "directory", 0)
        return None


class NewFile:
    """Writes a file atomically: a hidden file next to it is renamed when complete."""

    def __init__(self, root: Root, path: str, *, overwrite: bool = True) -> None:
        self._root, self._path, self._overwrite = root, path, overwrite
        parts = parts_of(path)
        if not parts:
            raise BadRequest("A file needs a name.")
        self._folder, self._name = "/".join(parts[:-1]), parts[-1]
        self._part = f".reana-{secrets.token_hex(8)}.part"
        self._here = -1
        self._descriptor = -1

    def __enter__(self) -> Self:
        with self._root.directory(self._folder, create=True) as here:
            # Writing continues in this directory even if its path changes meanwhile.
            self._here = os.dup(here)
        try:
            self._refuse_what_is_there()
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with named_os_errors(self._path):
                self._descriptor = os.open(self._part, flags, 0o600, dir_fd=self._here)
        except BaseException:  # `__exit__` does not run then
            os.close(self._here)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)
        with suppress(FileNotFoundError):  # after a rename it is gone, after a hard link it remains
            os.unlink(self._part, dir_fd=self._here)
        os.close(self._here)

    @property
    def descriptor(self) -> int:
        """Return the open file."""
        return self._descriptor

    def write(self, data: bytes) -> None:
        """Append data. Raises `LocalFailure` if the disk is full."""
        view = memoryview(data)
        with named_os_errors(self._path):
            while view:
                view = view[os.write(self._descriptor, view) :]

    def keep(self) -> None:
        """Rename the file to its final name atomically."""
        self._refuse_what_is_there()
        with named_os_errors(self._path):
            os.fchmod(self._descriptor, 0o666 & ~UMASK)
            if self._overwrite:
                os.replace(self._part, self._name, src_dir_fd=self._here, dst_dir_fd=self._here)
            else:
                # A hard link never replaces a file, even one created since the check.
                os.link(self._part, self._name, src_dir_fd=self._here, dst_dir_fd=self._here)

    def _refuse_what_is_there(self) -> None:
        try:
            found = os.stat(self._name, dir_fd=self._here, follow_symlinks=False)
        except FileNotFoundError:
            return
        if not self._overwrite:
            raise Conflict(f"'{self._path}' already exists.")
        if not stat.S_ISREG(found.st_mode):
            raise Conflict(f"'{self._path}' already exists and is not a file.")


class _Walk:
    """A walk down the tree: the open directories from the root to the current one."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._open: list[int] = []
        self._links = 0

    def __enter__(self) -> Self:
        self._open.append(os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in self._open:
            os.close(descriptor)

    @property
    def here(self) -> int:
        return self._open[-1]

    def down(self, parts: tuple[str, ...]) -> None:
        """Descend to a directory."""
        self._go([*parts], last_may_be_a_file=False)

    def down_to_last(self, parts: tuple[str, ...]) -> str:
        """Descend to the directory of a file; return the file's name, with links resolved."""
        if not parts:
            raise BadRequest("A file needs a name.")
        return self._go([*parts], last_may_be_a_file=True)

    def make(self, parts: tuple[str, ...]) -> None:
        """Descend and create missing directories; links raise an error."""
        for part in parts:
            with suppress(FileExistsError):
                os.mkdir(part, dir_fd=self.here)
            self._open.append(os.open(part, _FOLDER, dir_fd=self.here))

    def _go(self, parts: list[str], *, last_may_be_a_file: bool) -> str:
        while parts:
            part = parts.pop(0)
            # Never passed to the kernel: a directory moved meanwhile has another parent.
            if part == "..":
                self._up()
            elif (target := self._link(part)) is not None:
                parts = [*self._of_link(target), *parts]
            elif not parts and last_may_be_a_file:
                return part
            else:
                self._open.append(os.open(part, _FOLDER, dir_fd=self.here))
        return "."

    def _up(self) -> None:
        if len(self._open) == 1:
            raise _leads_out()
        os.close(self._open.pop())

    def _link(self, part: str) -> str | None:
        try:
            return os.readlink(part, dir_fd=self.here)
        except OSError as error:
            if error.errno == errno.EINVAL:  # it exists and is no link
                return None
            raise

    def _of_link(self, target: str) -> list[str]:
        self._links += 1
        if self._links > MAX_LINKS:
            raise _leads_out()
        if target.startswith("/"):
            real = os.path.realpath(self._root)
            if target != real and not target.startswith(real.rstrip("/") + "/"):
                raise _leads_out()
            while len(self._open) > 1:
                self._up()
            target = target[len(real) :]
        return [part for part in target.split("/") if part not in {"", "."}]


@contextmanager
def named_os_errors(path: str) -> Iterator[None]:
    """Convert OS errors to `ReanaError`s that name the path as the user knows it."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise NotFound(f"'{path}' does not exist.") from error
    except FileExistsError as error:
        raise Conflict(f"'{path}' already exists.") from error
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise LocalFailure(f"The disk is full: '{path}' could not be written.", is_full=True) from error
        if error.errno in _ENDS_IN_A_LINK:
            raise _leads_out() from error
        raise LocalFailure(f"'{path}': {os.strerror(error.errno or 0).lower()}.") from error


def _leads_out() -> NotFound:
    return NotFound("The file does not exist below Jupyter's root directory.")
