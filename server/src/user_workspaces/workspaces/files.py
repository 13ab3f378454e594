"""Reads and changes single files of a workspace, with the owner's rights; changes make the workspace due."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from user_workspaces.errors import NotFound, PathNotFound
from user_workspaces.interfaces.storage import Order
from user_workspaces.interfaces.values import Entry, EntryKind, Listing
from user_workspaces.quotas import disk
from user_workspaces.quotas.values import on_disk
from user_workspaces.workspaces.actions import commit_write, files_changed, measure, upload_file
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import LONGEST_WAIT, home_of, usable_home


@dataclass(frozen=True, slots=True)
class OpenFile:
    """An open file; `entry` describes the content that is read, even if the path has a new file by now."""

    entry: Entry
    content: BinaryIO


def list_folder(
    *,
    workspace: Workspace,
    path: str,
    offset: int = 0,
    limit: int | None = None,
    directories_first: bool = False,
    hidden: bool = True,
    order: Order = Order.NAME,
    descending: bool = False,
) -> Listing:
    """List the entries of a folder; raises `NotFound`. See `Storage.entries`."""
    home = usable_home(workspace)
    try:
        return home.storage.entries(
            home.location,
            path,
            offset=offset,
            limit=limit,
            directories_first=directories_first,
            hidden=hidden,
            order=order,
            descending=descending,
        )
    except PathNotFound as error:
        raise NotFound(error.message) from None


def entry_at(*, workspace: Workspace, path: str) -> Entry:
    """Return one entry; raises `NotFound`."""
    home = usable_home(workspace)
    try:
        return home.storage.stat(home.location, path)
    except PathNotFound as error:
        raise NotFound(error.message) from None


def find_entry(*, workspace: Workspace, path: str) -> Entry | None:
    """Return one entry; None if there is none."""
    try:
        return entry_at(workspace=workspace, path=path)
    except NotFound:
        return None


def open_file(*, workspace: Workspace, path: str) -> OpenFile:
    """Open a file for reading; raises `NotFound`. The caller closes its content."""
    return opener_of(workspace)(path)


def opener_of(workspace: Workspace) -> Callable[[str], OpenFile]:
    """Return a function that opens files as `open_file` does, but looks up the owner's account only once."""
    home = usable_home(workspace)

    def open_one(path: str) -> OpenFile:
        try:
            return OpenFile(*home.storage.open_entry(home.location, path))
        except PathNotFound as error:
            raise NotFound(error.message) from None

    return open_one


def walk_folder(*, workspace: Workspace, path: str, refused: list[str] | None = None) -> Iterator[Entry]:
    """Yield all entries below a folder, parents first; folders that may not be read are added to `refused`."""
    home = usable_home(workspace)
    return home.storage.tree(home.location, path, refused=refused)


def save_file(
    *,
    workspace: Workspace,
    path: str,
    chunks: Iterable[bytes],
    now: datetime,
    size: int | None = None,
    expecting: str | None = None,
) -> Entry:
    """Write a file, whole or not at all; see `upload_file` for `size`, and `Storage.write` for `expecting`."""
    upload_file(workspace=workspace, path=path, chunks=chunks, now=now, size=size, expecting=expecting)
    return entry_at(workspace=workspace, path=path)


def remove_entry(*, workspace: Workspace, path: str, now: datetime) -> None:
    """Remove a file, a link, or a folder with its content; raises `NotFound`."""
    home = usable_home(workspace)
    # `Storage.remove` ignores a missing path; clients expect an error.
    entry_at(workspace=workspace, path=path)
    try:
        home.storage.remove(home.location, path)
    finally:  # a part of a folder may be removed even if the rest could not be
        files_changed(workspace_id=workspace.pk, now=now)


def move_entry(*, workspace: Workspace, path: str, new_path: str, overwrite: bool, now: datetime) -> Entry:
    """Rename or move an entry; raises `NotFound`, and `Conflict` if the new path exists."""
    home, above = usable_home(workspace), new_path.rpartition("/")[0]
    with _reserve_folders(workspace, above, now=now):
        try:
            home.storage.move(home.location, path, new_path, overwrite=overwrite)
        except PathNotFound as error:
            raise NotFound(error.message) from None
    return entry_at(workspace=workspace, path=new_path)


def make_folder(*, workspace: Workspace, path: str, now: datetime) -> Entry:
    """Make a folder and those above it; raises `Conflict` if the path exists."""
    home = usable_home(workspace)
    with _reserve_folders(workspace, path, now=now):
        home.storage.make_directory(home.location, path)
    return entry_at(workspace=workspace, path=path)


@contextmanager
def _reserve_folders(workspace: Workspace, path: str, *, now: datetime) -> Iterator[None]:
    """Reserve quota for a folder and those above it, and count the change.

    A folder that exists needs none, so that a user without quota can still rename and move files.
    """
    if not path or find_entry(workspace=workspace, path=path) is not None:
        yield
        files_changed(workspace_id=workspace.pk, now=now)
        return
    size = on_disk(0, f"{path}/each")
    reservation = disk.reserve(owner_id=workspace.owner_id, target=workspace.pk, size=size, now=now)
    try:
        yield
    finally:  # some of them may exist even if the last step failed
        commit_write(workspace, reservation, size=size, now=now)


def measure_and_clear(workspace: Workspace, *, now: datetime) -> None:
    """Remove expired uploads, measure, and become due again when the next upload expires."""
    home = home_of(workspace)
    # Before the measurement, which would count expired uploads otherwise.
    again = home.storage.clear_uploads(home.location, now=now)
    measure(workspace)
    if again is not None:
        # Keeps an earlier due time, which a change at this moment may have set. For the bound see `leases.due`.
        at = min(again, now + LONGEST_WAIT)
        Workspace.objects.filter(pk=workspace.pk, next_check_at=None).update(next_check_at=at)


def is_folder(entry: Entry) -> bool:
    """Return True if an entry is a directory."""
    return entry.kind is EntryKind.DIRECTORY
