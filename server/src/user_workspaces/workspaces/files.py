"""The files of a workspace, one by one: what doors do with them, with the owner's rights, noted for the controller."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from user_workspaces.errors import InvalidRequest, NotFound, PathNotFound
from user_workspaces.interfaces.values import Entry, EntryKind, Listing, Upload
from user_workspaces.workspaces.actions import about_to_write, files_changed, measure, upload_file
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import Home, home_of, is_usable

LARGEST_UPLOAD = 2**40
"""In bytes."""


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
) -> Listing:
    """List what is directly in a folder; raises `NotFound`. See `Storage.entries`."""
    home = _home(workspace)
    try:
        return home.storage.entries(
            home.place, path, offset=offset, limit=limit, directories_first=directories_first, hidden=hidden
        )
    except PathNotFound as error:
        raise NotFound(error.message) from None


def entry_at(*, workspace: Workspace, path: str) -> Entry:
    """Tell about one entry; raises `NotFound`."""
    home = _home(workspace)
    try:
        return home.storage.stat(home.place, path)
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
    home = _home(workspace)
    try:
        return OpenFile(*home.storage.open_entry(home.place, path))
    except PathNotFound as error:
        raise NotFound(error.message) from None


def walk_folder(*, workspace: Workspace, path: str) -> Iterator[Entry]:
    """Walk all below a folder, parents first."""
    home = _home(workspace)
    return home.storage.tree(home.place, path)


def save_file(
    *, workspace: Workspace, path: str, chunks: Iterable[bytes], now: datetime, expecting: str | None = None
) -> Entry:
    """Write a file whole or not at all; see `Storage.write` for `expecting`."""
    upload_file(workspace=workspace, path=path, chunks=chunks, now=now, expecting=expecting)
    return entry_at(workspace=workspace, path=path)


def remove_entry(*, workspace: Workspace, path: str, now: datetime) -> None:
    """Remove a file, a link or a folder with all in it; raises `NotFound`."""
    home = _home(workspace)
    entry_at(workspace=workspace, path=path)
    try:
        home.storage.remove(home.place, path)
    finally:  # a part of a folder may be gone, also when the rest could not be removed
        files_changed(workspace_id=workspace.pk, now=now)


def move_entry(*, workspace: Workspace, path: str, new_path: str, overwrite: bool, now: datetime) -> Entry:
    """Rename or move an entry; raises `NotFound`, and `Conflict` for a path that is taken."""
    home = _home(workspace)
    try:
        home.storage.move(home.place, path, new_path, overwrite=overwrite)
    except PathNotFound as error:
        raise NotFound(error.message) from None
    files_changed(workspace_id=workspace.pk, now=now)
    return entry_at(workspace=workspace, path=new_path)


def make_folder(*, workspace: Workspace, path: str, now: datetime) -> Entry:
    """Make a folder with those above it; raises `Conflict` where something of this name is there."""
    home = _home(workspace)
    home.storage.make_directory(home.place, path)
    files_changed(workspace_id=workspace.pk, now=now)
    return entry_at(workspace=workspace, path=path)


def begin_upload(*, workspace: Workspace, path: str, length: int, note: str, now: datetime) -> Upload:
    """Begin a file that arrives in several requests."""
    home = _home(workspace)
    about_to_write(workspace_id=workspace.pk, now=now)
    upload = home.storage.begin_upload(home.place, path, length=length, note=note)
    files_changed(workspace_id=workspace.pk, now=now)
    return upload


def find_upload(*, workspace: Workspace, upload_id: str, now: datetime) -> Upload:
    """Tell how far an upload is; raises `NotFound`."""
    home = _home(workspace)
    try:
        upload = home.storage.find_upload(home.place, upload_id)
    except PathNotFound as error:
        raise NotFound(error.message) from None
    if upload.finished:  # perhaps only now, after a crash between the last byte and the end
        files_changed(workspace_id=workspace.pk, now=now)
    return upload


def append_to_upload(
    *, workspace: Workspace, upload_id: str, offset: int, chunks: Iterable[bytes], now: datetime
) -> Upload:
    """Write the next bytes of an upload; what was written stays when the chunks break off."""
    home = _home(workspace)
    try:
        return home.storage.append(home.place, upload_id, offset, chunks)
    except PathNotFound as error:
        raise NotFound(error.message) from None
    finally:
        files_changed(workspace_id=workspace.pk, now=now)


def cancel_upload(*, workspace: Workspace, upload_id: str, now: datetime) -> None:
    """Forget an upload and its bytes; raises `NotFound`."""
    home = _home(workspace)
    try:
        home.storage.cancel_upload(home.place, upload_id)
    except PathNotFound as error:
        raise NotFound(error.message) from None
    files_changed(workspace_id=workspace.pk, now=now)


def measure_and_clear(workspace: Workspace, *, now: datetime) -> None:
    """Remove what broken-off uploads left, measure, and come back when more of it is old enough."""
    home = home_of(workspace)
    again = home.storage.clear_uploads(home.place, now=now)
    measure(workspace)
    if again is not None:
        # Not where it is to be looked at sooner: a change in this very moment counts more.
        Workspace.objects.filter(pk=workspace.pk, next_check_at=None).update(next_check_at=again)


def is_folder(entry: Entry) -> bool:
    """Return whether there can be something in it."""
    return entry.kind is EntryKind.DIRECTORY


def _home(workspace: Workspace) -> Home:
    if not is_usable(workspace):
        raise InvalidRequest(f"Workspace {workspace.pk} is {workspace.status}: its files cannot be used now.")
    return home_of(workspace)
