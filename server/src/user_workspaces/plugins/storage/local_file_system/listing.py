"""What is in a workspace, and how much room it takes."""

import os
import stat
from collections.abc import Generator
from datetime import UTC, datetime

from user_workspaces.interfaces.values import Entry, EntryKind
from user_workspaces.plugins.storage.local_file_system.failures import printable
from user_workspaces.plugins.storage.local_file_system.paths import LONGEST_PATH, PART_PREFIX
from user_workspaces.plugins.storage.local_file_system.walking import Visit, walk

_BLOCK = 512
"""The unit of `st_blocks` in bytes, whatever the file system's own block size is."""
_KINDS = {stat.S_IFREG: EntryKind.FILE, stat.S_IFDIR: EntryKind.DIRECTORY, stat.S_IFLNK: EntryKind.LINK}


def entries(top: int) -> Generator[Entry, None, None]:
    """Return what `Storage.tree` tells of the directory `top`; to be advanced with the person's rights."""
    for visit in walk(top, wanted=_is_finished, enter=_can_be_named):
        kind = _KINDS.get(stat.S_IFMT(visit.status.st_mode))
        if kind is not None and not visit.left and _can_be_named(visit):
            yield Entry(
                path="/".join([*map(printable, visit.trail), printable(visit.name)]),
                kind=kind,
                size=0 if kind is EntryKind.DIRECTORY else visit.status.st_size,
                modified=_modified(visit.status),
            )


def allocated_bytes(top: int) -> int:
    """Return the bytes that the directory `top` takes on disk, itself included; each inode counts once."""
    blocks, seen = os.fstat(top).st_blocks, set[int]()
    for visit in walk(top):
        status = visit.status
        if visit.left or status.st_ino in seen:
            continue
        if status.st_nlink > 1 and not visit.is_directory:
            seen.add(status.st_ino)
        blocks += status.st_blocks
    return blocks * _BLOCK


def _is_finished(name: str) -> bool:
    return not name.startswith(PART_PREFIX)


def _can_be_named(visit: Visit) -> bool:
    """Say whether its path can be given to the kernel: a hostile tree can be deeper, and naming it all has no end."""
    if len(visit.trail) > LONGEST_PATH // 2:
        return False
    return sum(len(os.fsencode(name)) + 1 for name in (*visit.trail, visit.name)) <= LONGEST_PATH + 1


def _modified(status: os.stat_result) -> datetime:
    """Return the time of the last change, as near as a `datetime` can come: people can set any."""
    try:
        return datetime.fromtimestamp(status.st_mtime, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
