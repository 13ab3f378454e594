"""The files of a workspace, one by one: what doors do with them, with the owner's rights, noted for the controller."""

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
    """A file that is being read; what is told of it belongs to what is read."""

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
    """List what is directly in a folder; raises `NotFound`. See `Storage.entries`."""
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
    """Tell about one entry; raises `NotFound`."""
    home = usable_home(workspace)
    try:
        return home.storage.stat(home.location, path)
    except PathNotFound as error:
        raise NotFound(error.message) from None


def find_entry(*, workspace: Workspace, path: str) -> Entry | None:
    """Tell about one entry, None where there is none."""
    try:
        return entry_at(workspace=workspace, path=path)
    except NotFound:
        return None


def open_file(*, workspace: Workspace, path: str) -> OpenFile:
    """Open a file for reading; raises `NotFound`. Whoever opens it closes its content."""
    return opener_of(workspace)(path)


def opener_of(workspace: Workspace) -> Callable[[str], OpenFile]:
    """Return what opens one file after the other as `open_file` does: whose they are is found out once, here."""
    home = usable_home(workspace)

    def open_one(path: str) -> OpenFile:
        try:
            return OpenFile(*home.storage.open_entry(home.location, path))
        except PathNotFound as error:
            raise NotFound(error.message) from None

    return open_one


def walk_folder(*, workspace: Workspace, path: str, refused: list[str] | None = None) -> Iterator[Entry]:
    """Walk all below a folder, parents first; folders that may not be read are added to `refused`."""
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
    """Write a file whole or not at all; see `upload_file` for `size`, and `Storage.write` for `expecting`."""
    upload_file(workspace=workspace, path=path, chunks=chunks, now=now, size=size, expecting=expecting)
    return entry_at(workspace=workspace, path=path)


def remove_entry(*, workspace: Workspace, path: str, now: datetime) -> None:
    """Remove a file, a link or a folder with all in it; raises `NotFound`."""
    home = usable_home(workspace)
    entry_at(workspace=workspace, path=path)
    try:
        home.storage.remove(home.location, path)
    finally:  # a part of a folder may be gone, also when the rest could not be removed
        files_changed(workspace_id=workspace.pk, now=now)


def move_entry(*, workspace: Workspace, path: str, new_path: str, overwrite: bool, now: datetime) -> Entry:
    """Rename or move an entry; raises `NotFound`, and `Conflict` for a path that is taken."""
    home, above = usable_home(workspace), new_path.rpartition("/")[0]
    with _reserve_folders(workspace, above, now=now):
        try:
            home.storage.move(home.location, path, new_path, overwrite=overwrite)
        except PathNotFound as error:
            raise NotFound(error.message) from None
    return entry_at(workspace=workspace, path=new_path)


def make_folder(*, workspace: Workspace, path: str, now: datetime) -> Entry:
    """Make a folder with those above it; raises `Conflict` where something of this name is there."""
    home = usable_home(workspace)
    with _reserve_folders(workspace, path, now=now):
        home.storage.make_directory(home.location, path)
    return entry_at(workspace=workspace, path=path)


@contextmanager
def _reserve_folders(workspace: Workspace, path: str, *, now: datetime) -> Iterator[None]:
    """Hold what making a folder with those above it takes, and note the change; a folder that is there takes nothing.

    So who has no room left can still rename and move what they have.
    """
    if not path or find_entry(workspace=workspace, path=path) is not None:
        yield
        files_changed(workspace_id=workspace.pk, now=now)
        return
    size = on_disk(0, f"{path}/each")
    reservation = disk.reserve(owner_id=workspace.owner_id, target=workspace.pk, size=size, now=now)
    try:
        yield
    finally:  # some of them may be there, also when the last step was refused
        commit_write(workspace, reservation, size=size, now=now)


def measure_and_clear(workspace: Workspace, *, now: datetime) -> None:
    """Remove what broken-off uploads left, measure, and come back when more of it is old enough."""
    home = home_of(workspace)
    again = home.storage.clear_uploads(home.location, now=now)
    measure(workspace)
    if again is not None:
        # Not where a check is due sooner: a change at this moment counts more. For the bound see `leasing.due`.
        at = min(again, now + LONGEST_WAIT)
        Workspace.objects.filter(pk=workspace.pk, next_check_at=None).update(next_check_at=at)


def is_folder(entry: Entry) -> bool:
    """Return whether there can be something in it."""
    return entry.kind is EntryKind.DIRECTORY
