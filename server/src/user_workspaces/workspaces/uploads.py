"""Files that arrive in several requests: room is held for each of these while it goes on, and what arrived counts."""

from collections.abc import Iterable
from datetime import datetime

from user_workspaces.errors import NotFound, PathNotFound
from user_workspaces.interfaces.values import Upload
from user_workspaces.quotas.values import on_disk
from user_workspaces.workspaces import space
from user_workspaces.workspaces.actions import about_to_write, files_changed, note_written
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import Home, usable_home

LARGEST_UPLOAD = 2**40
"""In bytes."""
LONGEST_ESCAPE = 6
"""Bytes of a character in what a storage notes of an upload."""
AROUND_A_NOTE = 128


def begin_upload(*, workspace: Workspace, path: str, length: int, note: str, now: datetime) -> Upload:
    """Begin a file; raises `QuotaExceeded` where it does not fit now. Room for it is held when its bytes come."""
    home = usable_home(workspace)
    noted = on_disk(LONGEST_ESCAPE * (len(path) + len(note)) + AROUND_A_NOTE, "uploads/note")
    space.check_room(owner_id=workspace.owner_id, size=noted + on_disk(length, path), now=now)
    size = noted if length else noted + on_disk(0, path)  # an empty one is finished at once
    about_to_write(workspace_id=workspace.pk, now=now)
    room = space.hold_room(owner_id=workspace.owner_id, workspace_id=workspace.pk, size=size, now=now)
    try:
        return home.storage.begin_upload(home.place, path, length=length, note=note)
    finally:
        note_written(workspace, room, size=size, now=now)


def find_upload(*, workspace: Workspace, upload_id: str, now: datetime) -> Upload:
    """Tell how far an upload is; raises `NotFound`."""
    upload = _found(usable_home(workspace), upload_id)
    if upload.finished:  # perhaps only now, after a crash between the last byte and the end
        files_changed(workspace_id=workspace.pk, now=now)
    return upload


def append_to_upload(
    *,
    workspace: Workspace,
    upload_id: str,
    offset: int,
    chunks: Iterable[bytes],
    now: datetime,
    size: int | None = None,
) -> Upload:
    """Write the next bytes of an upload; what was written stays when the chunks break off.

    `size` is how many come at most, in bytes; without it: all that are missing. Raises `QuotaExceeded` before any
    of them is taken.
    """
    home = usable_home(workspace)
    upload = _found(home, upload_id)
    missing = max(0, upload.length - offset)
    most, before = missing if size is None else min(size, missing), on_disk(offset)

    def grown(count: int) -> int:
        """By how much the disk is fuller after so many bytes; the last one makes the directories of the file."""
        return on_disk(offset + count, upload.path if count >= missing else "") - before

    owner, size_held = workspace.owner_id, grown(most)
    room = space.hold_room(owner_id=owner, workspace_id=workspace.pk, size=size_held, now=now, most=most)
    try:
        return home.storage.append(home.place, upload_id, offset, room.bounded(chunks))
    except PathNotFound as error:
        raise NotFound(error.message) from None
    finally:
        note_written(workspace, room, size=grown(room.arrived), now=now)


def cancel_upload(*, workspace: Workspace, upload_id: str, now: datetime) -> None:
    """Forget an upload and its bytes; raises `NotFound`."""
    home = usable_home(workspace)
    try:
        home.storage.cancel_upload(home.place, upload_id)
    except PathNotFound as error:
        raise NotFound(error.message) from None
    files_changed(workspace_id=workspace.pk, now=now)


def _found(home: Home, upload_id: str) -> Upload:
    try:
        return home.storage.find_upload(home.place, upload_id)
    except PathNotFound as error:
        raise NotFound(error.message) from None
