"""Walks a directory tree that may change meanwhile: follows no link, any depth, two handles, no recursion."""

import os
import stat
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from user_workspaces.plugins.storage.local_file_system.paths import READABLE, status_of

_GONE_OR_CHANGED = (FileNotFoundError, NotADirectoryError)
_Key = tuple[int, int]


class Cursor:
    """An open directory below `top` that can move down and up.

    It moves up by `..`, and checks that this is the directory that it came from: another process may have moved the
    current one. In that case it walks down again from the top.
    """

    def __init__(self, top: int) -> None:
        self._top = top
        self.here = os.open(".", READABLE, dir_fd=top)
        self._names: list[str] = []
        self._keys = [_key(self.here)]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.here)

    @property
    def trail(self) -> Sequence[str]:
        """The names of the directories from the top to the current one; changes as the cursor moves."""
        return self._names

    def down(self, name: str) -> None:
        """Move into a subdirectory; raises `OSError` and then does not move."""
        self._descend(name, os.open(name, READABLE, dir_fd=self.here))

    def up(self) -> bool:
        """Move to the parent; False if it is gone: the cursor is then at the nearest remaining ancestor."""
        self._names.pop()
        self._keys.pop()
        try:
            above = os.open("..", READABLE, dir_fd=self.here)
        except OSError:
            return self._again_from_the_top()
        self._move(above)
        return _key(above) == self._keys[-1] or self._again_from_the_top()

    def _again_from_the_top(self) -> bool:
        names, keys = self._names, self._keys
        self._move(os.open(".", READABLE, dir_fd=self._top))
        self._names, self._keys = [], keys[:1]
        return all(self._down_again(name, key) for name, key in zip(names, keys[1:], strict=True))

    def _down_again(self, name: str, key: _Key) -> bool:
        try:
            child = os.open(name, READABLE, dir_fd=self.here)
        except OSError:
            return False
        if _key(child) != key:
            os.close(child)
            return False
        self._descend(name, child)
        return True

    def _descend(self, name: str, child: int) -> None:
        self._names.append(name)
        self._keys.append(_key(child))
        self._move(child)

    def _move(self, handle: int) -> None:
        os.close(self.here)
        self.here = handle


@dataclass(frozen=True, slots=True)
class Visit:
    """One entry of a walk; `parent` is valid until the next entry."""

    parent: int
    """The handle of the directory that the entry is in."""
    trail: Sequence[str]
    """The names of the directories above it; changes with the next entry."""
    name: str
    status: os.stat_result
    left: bool = False
    """True for the second visit of a directory, after all its entries."""

    @property
    def is_directory(self) -> bool:
        """True for a directory."""
        return stat.S_ISDIR(self.status.st_mode)


@dataclass(slots=True)
class _Level:
    pending: list[str]
    entered: Visit | None = None


def walk(
    top: int,
    *,
    wanted: Callable[[str], bool] = lambda _name: True,
    enter: Callable[[Visit], bool] = lambda _visit: True,
    refused: Callable[[Visit], None] = lambda _visit: None,
    strict: bool = False,
) -> Generator[Visit, None, None]:
    """Visit all entries below a directory, names sorted, parents first; other file systems are not entered.

    Entries that vanish meanwhile are skipped, and so are unreadable directories, which are passed to `refused`; with
    `strict` they raise `PermissionError`. `wanted` filters by name, `enter` selects the directories to enter. Advance
    it always with the same rights.
    """
    device = os.fstat(top).st_dev
    with Cursor(top) as cursor:
        levels = [_Level(_listing(cursor, wanted))]
        while levels:
            if levels[-1].pending:
                visit = _stat(cursor, levels[-1].pending.pop(), strict=strict)
                if visit is None:
                    continue
                yield visit
                # After the yield: the caller may have changed the permissions of the directory or removed it.
                inside = visit.is_directory and visit.status.st_dev == device and enter(visit)
                if inside and _enter(cursor, visit, refused, strict=strict):
                    levels.append(_Level(_listing(cursor, wanted), visit))
            elif (entered := levels.pop().entered) is not None:
                if cursor.up():
                    yield Visit(cursor.here, cursor.trail, entered.name, entered.status, left=True)
                # After a jump to an ancestor, the rest of the directories that were moved or removed is skipped.
                del levels[len(cursor.trail) + 1 :]


def _listing(cursor: Cursor, wanted: Callable[[str], bool]) -> list[str]:
    try:
        return sorted(filter(wanted, os.listdir(cursor.here)), reverse=True)  # noqa: PTH208  a handle, not a path
    except FileNotFoundError:
        return []


def _stat(cursor: Cursor, name: str, *, strict: bool) -> Visit | None:
    try:
        status = status_of(cursor.here, name)
    except PermissionError:
        if strict:
            raise
        return None
    return None if status is None else Visit(cursor.here, cursor.trail, name, status)


def _enter(cursor: Cursor, visit: Visit, refused: Callable[[Visit], None], *, strict: bool) -> bool:
    try:
        cursor.down(visit.name)
    except _GONE_OR_CHANGED:
        return False
    except PermissionError:
        if strict:
            raise
        refused(visit)
        return False
    return True


def _key(handle: int) -> _Key:
    status = os.fstat(handle)
    return status.st_dev, status.st_ino
