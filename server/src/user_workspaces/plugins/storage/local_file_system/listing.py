"""Entries of a workspace, and its disk usage."""

import os
import stat
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b
from operator import itemgetter

from user_workspaces.interfaces.file_names import text_of
from user_workspaces.interfaces.storage import Order
from user_workspaces.interfaces.values import Entry, EntryKind, Listing
from user_workspaces.plugins.storage.local_file_system.paths import (
    LONGEST_PATH,
    PART_PREFIX,
    READABLE,
    closing,
    status_of,
)
from user_workspaces.plugins.storage.local_file_system.walk import Visit, walk

_BLOCK = 512
"""The unit of `st_blocks` in bytes, whatever the file system's own block size is."""
_KINDS = {
    stat.S_IFREG: EntryKind.FILE,
    stat.S_IFDIR: EntryKind.DIRECTORY,
    stat.S_IFLNK: EntryKind.LINK,
    stat.S_IFIFO: EntryKind.FIFO,
    stat.S_IFSOCK: EntryKind.SOCKET,
}


def walk_entries(top: int, above: Sequence[str], refused: list[str]) -> Generator[Entry, None, None]:
    """Yield the entries of `Storage.tree` for the directory `top`; advance it with the user's rights.

    `above` are the names of the directories that lead to it; paths of unreadable directories are added to `refused`.
    """

    def note(visit: Visit) -> None:
        refused.append("/".join(map(text_of, [*above, *visit.trail, visit.name])))

    for visit in walk(top, wanted=_is_finished, enter=_can_be_named, refused=note):
        if not visit.left and _can_be_named(visit):
            yield entry_of([*above, *visit.trail, visit.name], visit.status, version=False)


@dataclass(frozen=True, slots=True)
class Part:
    """The requested part of a directory's entries; see `Storage.entries`."""

    offset: int
    limit: int | None
    directories_first: bool
    hidden: bool
    order: Order
    descending: bool

    def wants(self, name: str) -> bool:
        """Return True if the entry is part of the listing."""
        return _is_finished(name) and (self.hidden or not name.startswith("."))

    def of(self, names: list[str]) -> list[str]:
        """Return the names of the requested page."""
        return names[self.offset :] if self.limit is None else names[self.offset : self.offset + self.limit]


def list_directory(parent: int, names: Sequence[str], part: Part) -> Listing:
    """Return the result of `Storage.entries` for the directory `parent` at the path `names`."""
    with closing(os.open(".", READABLE, dir_fd=parent)) as here, os.scandir(here) as found:
        # scandir(3) returns the kind without a stat(2) on most file systems; only the page needs the full status.
        wanted = (item for item in found if part.wants(item.name))
        keys = [(part.directories_first and item.is_dir(follow_symlinks=False), item.name) for item in wanted]
        shown = _sorted(here, keys, part)
        known = ((name, status_of(here, name)) for name in part.of(shown))
        entries = (entry_of([*names, name], status) for name, status in known if status is not None)
        return Listing(tuple(entries), len(shown))


def _sorted(parent: int, keys: list[tuple[bool, str]], part: Part) -> list[str]:
    """Return the sorted names; `keys` are pairs of True for a directory that comes first, and the name."""
    # Sorts are stable, so the most important one is last, and names order entries with equal values.
    keys.sort(key=itemgetter(1), reverse=part.descending and part.order is Order.NAME)
    if part.order is not Order.NAME:
        known = ((name, status_of(parent, name)) for _, name in keys)
        values = {name: _value(status, part.order) for name, status in known if status is not None}
        keys.sort(key=lambda key: values.get(key[1], 0), reverse=part.descending)
    keys.sort(key=lambda key: not key[0])
    return [name for _, name in keys]


def _value(status: os.stat_result, order: Order) -> int:
    if order is Order.MODIFIED:
        return status.st_mtime_ns
    return 0 if stat.S_ISDIR(status.st_mode) else status.st_size


def entry_of(names: Sequence[str], status: os.stat_result, *, version: bool = True) -> Entry:
    """Return the entry for a status."""
    kind = _KINDS.get(stat.S_IFMT(status.st_mode), EntryKind.DEVICE)
    return Entry(
        path="/".join(map(text_of, names)),
        kind=kind,
        size=status.st_size if kind in {EntryKind.FILE, EntryKind.LINK} else 0,
        modified=_modified(status),
        version=version_of(status) if version else "",
    )


def version_of(status: os.stat_result) -> str:
    """Return a fingerprint that changes with the content: users cannot set the change time (ctime)."""
    seen = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
    return blake2b(repr(seen).encode(), digest_size=12).hexdigest()


def allocated_bytes(top: int) -> int:
    """Return the disk usage of the directory `top` in bytes, itself included; each inode counts once."""
    blocks, seen = os.fstat(top).st_blocks, set[int]()
    for visit in walk(top):
        status = visit.status
        if visit.left or status.st_ino in seen:
            continue
        # Only a file with several links can appear again; a set of all inodes would need much memory.
        if status.st_nlink > 1 and not visit.is_directory:
            seen.add(status.st_ino)
        blocks += status.st_blocks
    return blocks * _BLOCK


def _is_finished(name: str) -> bool:
    return not name.startswith(PART_PREFIX)


def _can_be_named(visit: Visit) -> bool:
    """Return True if the kernel accepts its path; a hostile tree can be deeper, with paths of any length."""
    # Each name has at least one byte and a slash, so a longer trail cannot fit: the sum is not needed.
    if len(visit.trail) > LONGEST_PATH // 2:
        return False
    return sum(len(os.fsencode(name)) + 1 for name in (*visit.trail, visit.name)) <= LONGEST_PATH + 1


def _modified(status: os.stat_result) -> datetime:
    """Return the modification time; 1970 for a value that `datetime` cannot hold, since users can set any."""
    try:
        return datetime.fromtimestamp(status.st_mtime, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
