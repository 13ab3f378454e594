"""Removes remains of interrupted writes, and expired uploads."""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from user_workspaces.errors import PathNotFound, UnsafePath
from user_workspaces.interfaces.storage import FINISHED_UPLOAD_LIFETIME, UPLOAD_LIFETIME
from user_workspaces.plugins.storage.local_file_system.locations import Directory
from user_workspaces.plugins.storage.local_file_system.paths import PART_PREFIX, READABLE, closing, status_of
from user_workspaces.plugins.storage.local_file_system.uploads import RECORD, UPLOADS, open_uploads
from user_workspaces.plugins.storage.local_file_system.walk import Visit, walk

_BATCH = 1000
_OLD = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK


class Cleanup:
    """One cleanup run; `again` is when the next is due, None: not before the next write."""

    def __init__(self, workspace: Directory, now: datetime) -> None:
        self.again: datetime | None = None
        self._workspace = workspace
        self._now = now

    def run(self) -> None:
        """Remove everything whose lifetime is over."""
        with self._workspace.acting():
            self._clear_uploads()
        steps = walk(self._workspace.handle, wanted=lambda name: name != UPLOADS, enter=_is_not_a_part)
        finished = False
        while not finished:
            with self._workspace.acting():
                finished = self._clear_batch(steps)
        steps.close()

    def _clear_batch(self, steps: Iterator[Visit]) -> bool:
        for _ in range(_BATCH):
            visit = next(steps, None)
            if visit is None:
                return True
            if visit.name.startswith(PART_PREFIX) and not visit.is_directory:
                self._consider(visit.parent, visit.name, visit.status, UPLOAD_LIFETIME)
        return False

    def _clear_uploads(self) -> None:
        try:
            uploads = open_uploads(self._workspace.handle)
        except (FileNotFoundError, NotADirectoryError, PathNotFound, UnsafePath):
            return
        with closing(uploads), closing(os.open(".", READABLE, dir_fd=uploads)) as here, os.scandir(here) as found:
            names = {item.name for item in found}
            for name in sorted(names, reverse=True):  # the record of an upload is removed before its bytes
                bytes_of = name.removesuffix(RECORD)
                is_finished = name != bytes_of and bytes_of not in names
                status = status_of(here, bytes_of if not is_finished else name)
                if status is not None:
                    self._consider(here, name, status, FINISHED_UPLOAD_LIFETIME if is_finished else UPLOAD_LIFETIME)

    def _consider(self, parent: int, name: str, status: os.stat_result, lifetime: timedelta) -> None:
        """Remove a file whose lifetime is over unless it is locked; else note when to try again."""
        over = _time_of(status) + lifetime
        if over <= self._now and _remove(parent, name):
            return
        # An expired file that stays is locked by a writer or cannot be removed: the next attempt is in an hour.
        over = max(over, self._now + timedelta(hours=1)) if over <= self._now else over
        self.again = over if self.again is None else min(self.again, over)


def _is_not_a_part(visit: Visit) -> bool:
    return not visit.name.startswith(PART_PREFIX)


def _time_of(status: os.stat_result) -> datetime:
    # Users can set any time, also one that `datetime` cannot hold.
    return datetime.fromtimestamp(min(max(status.st_mtime, 0), 2**32), UTC)


def _remove(parent: int, name: str) -> bool:
    """Remove a file unless a writer holds its lock; False if it stays."""
    status = status_of(parent, name)
    if status is None:
        return True
    with suppress(OSError):
        if stat.S_ISREG(status.st_mode):
            with closing(os.open(name, _OLD, dir_fd=parent)) as handle:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.unlink(name, dir_fd=parent)
        else:
            os.unlink(name, dir_fd=parent)
        return True
    return False
