"""Copies a workspace of one user to another's; each side is accessed with its owner's rights only."""

import errno
import os
import stat
from collections.abc import Callable, Generator, Iterator
from contextlib import closing as closing_generator

from user_workspaces.errors import StorageError
from user_workspaces.interfaces.file_names import text_of
from user_workspaces.plugins.storage.local_file_system.datasets import Datasets
from user_workspaces.plugins.storage.local_file_system.locations import WORKSPACE, Directory
from user_workspaces.plugins.storage.local_file_system.os_errors import LIST, READ
from user_workspaces.plugins.storage.local_file_system.paths import closing, is_empty
from user_workspaces.plugins.storage.local_file_system.reflink import copy_piece
from user_workspaces.plugins.storage.local_file_system.walk import Cursor, Visit, walk

# O_NONBLOCK: the file may be replaced by a pipe after its status was read, and open(2) would wait for a writer.
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
_PIECE = 16 * 1024 * 1024
"""Bytes between two progress reports."""
_ENTRIES = 500
"""Entries between two progress reports: empty files take time, too."""


class Copy:
    """One copy run; see `Storage.copy`. Sparse files stay sparse, hard links become independent files."""

    def __init__(
        self, source: Directory, target: Directory, *, datasets: Datasets, progress: Callable[[int], None]
    ) -> None:
        self._source = source
        self._target = target
        self._datasets = datasets
        self._progress = progress
        self._copied = 0
        self._reported = 0
        self._unreported_entries = 0
        self._at = WORKSPACE

    def run(self) -> None:
        """Copy everything; raises `StorageError` for the first entry that cannot be copied.

        Pipes, sockets and devices are left out: they have no content.
        """
        with self._target.acting():
            cursor = Cursor(self._target.handle)
        steps = walk(self._source.handle, wanted=_is_shared, strict=True)
        with cursor, closing_generator(steps):
            self._require_empty(cursor)
            while (visit := self._next(steps)) is not None:
                if not visit.left:
                    self._take(visit, cursor)
                    self._report(0)
        self._progress(self._copied)

    def _next(self, steps: Iterator[Visit]) -> Visit | None:
        with self._source.acting(self._at, LIST):  # the walk enters a directory after it has yielded it
            visit = next(steps, None)
        if visit is not None:
            self._at = "/".join(map(text_of, [*visit.trail, visit.name]))
        return visit

    def _require_empty(self, cursor: Cursor) -> None:
        with self._target.acting():
            if not is_empty(cursor.here):
                raise StorageError("The target workspace is not empty.")

    def _take(self, visit: Visit, cursor: Cursor) -> None:
        self._follow(visit, cursor)
        mode = visit.status.st_mode
        if stat.S_ISDIR(mode):
            with self._target.acting(visit.name):
                os.mkdir(visit.name, 0o700, dir_fd=cursor.here)
                cursor.down(visit.name)
        elif stat.S_ISREG(mode):
            self._take_file(visit, cursor.here)
        elif stat.S_ISLNK(mode):
            self._take_link(visit, cursor.here)

    def _follow(self, visit: Visit, cursor: Cursor) -> None:
        """Move the target's cursor up to the directory where the walk in the source is."""
        if len(cursor.trail) == len(visit.trail):
            return
        with self._target.acting():
            while len(cursor.trail) > len(visit.trail):
                if not cursor.up():
                    raise StorageError("The new workspace was changed during the copy.")

    def _take_link(self, visit: Visit, parent: int) -> None:
        with self._source.acting(self._at):
            target = os.readlink(visit.name, dir_fd=visit.parent)
        # With the new owner's rights: a copied link must not lead to data that only the old owner may see.
        with self._target.acting(visit.name):
            if (found := self._datasets.resolve(target)) is not None:
                os.symlink(found, visit.name, dir_fd=parent)

    def _take_file(self, visit: Visit, parent: int) -> None:
        with self._source.acting(self._at, READ):
            old = os.open(visit.name, _READ, dir_fd=visit.parent)
        with closing(old):
            # Of the open file: the entry may have changed since the walk read its status.
            status = os.fstat(old)
            if stat.S_ISREG(status.st_mode):
                self._fill(_copied_pieces(old, visit.name, parent, status), visit.name)

    def _fill(self, pieces: Generator[tuple[int, bool], None, None], name: str) -> None:
        """Copy a file in pieces with the target's rights; progress is reported with the server's rights in between."""
        with closing_generator(pieces):
            finished = False
            while not finished:
                with self._target.acting(name):
                    count, finished = next(pieces)
                self._report(count)

    def _report(self, count: int) -> None:
        self._copied += count
        self._unreported_entries += 1
        if self._copied - self._reported >= _PIECE or self._unreported_entries >= _ENTRIES:
            self._reported, self._unreported_entries = self._copied, 0
            self._progress(self._copied)


def _is_shared(name: str) -> bool:
    return not name.startswith(".")


def _copied_pieces(old: int, name: str, parent: int, status: os.stat_result) -> Generator[tuple[int, bool], None, None]:
    """Copy the handle `old` to the new file `name`; yields the bytes of each piece and True after the last."""
    with closing(os.open(name, _NEW, 0o600, dir_fd=parent)) as new:
        unreported = 0
        for start, end in _filled_ranges(old, status.st_size):
            at = start
            while at < end and (count := copy_piece(old, new, at, min(_PIECE, end - at))):
                at, unreported = at + count, unreported + count
                if unreported >= _PIECE:
                    yield unreported, False
                    unreported = 0
        # A hole at the end has no data to copy, so the size is set explicitly.
        os.truncate(new, status.st_size)
        os.fchmod(new, status.st_mode & 0o700)  # permissions for others were the decision of the original's owner
        os.utime(new, ns=(status.st_atime_ns, status.st_mtime_ns))
        yield unreported, True


def _filled_ranges(handle: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield the ranges with data as (start, end) in bytes; the rest are holes."""
    end = 0
    while end < size:
        try:
            start = os.lseek(handle, end, os.SEEK_DATA)
            end = min(os.lseek(handle, start, os.SEEK_HOLE), size)
        except OSError as error:
            if error.errno == errno.ENXIO:  # only holes from here on
                return
            raise
        if start < end:
            yield start, end
