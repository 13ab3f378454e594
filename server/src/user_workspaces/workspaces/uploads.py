"""Files that arrive in several requests: room is held for each of these while it goes on, and what arrived counts."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

from django.db import transaction

from user_workspaces.errors import NotFound, PathNotFound, QuotaExceeded
from user_workspaces.interfaces.values import Upload
from user_workspaces.quotas import actions as quotas
from user_workspaces.quotas.values import on_disk
from user_workspaces.workspaces import space
from user_workspaces.workspaces.actions import commit_write, files_changed, mark_dirty, measure
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import Home, usable_home
from user_workspaces.workspaces.rooms import SpaceReservation

LARGEST_UPLOAD = 2**40
"""In bytes."""
LONGEST_ESCAPE = 6
"""Bytes of a character in what a storage notes of an upload."""
AROUND_A_NOTE = 128


def begin_upload(*, workspace: Workspace, path: str, length: int, note: str, now: datetime) -> Upload:
    """Begin a file; raises `QuotaExceeded` where it does not fit now. Room for it is held when its bytes come."""
    home = usable_home(workspace)
    noted = on_disk(LONGEST_ESCAPE * (len(path) + len(note)) + AROUND_A_NOTE, "uploads/note")
    space.check_space(owner_id=workspace.owner_id, size=noted + on_disk(length, path), now=now)
    size = noted if length else noted + on_disk(0, path)  # an empty one is finished at once
    mark_dirty(workspace_id=workspace.pk, now=now)
    reservation = space.hold_disk(owner_id=workspace.owner_id, workspace_id=workspace.pk, size=size, now=now)
    try:
        return home.storage.begin_upload(home.location, path, length=length, note=note)
    finally:
        commit_write(workspace, reservation, size=size, now=now)


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
    rooms: list[SpaceReservation] = []

    def grown(count: int) -> int:
        """By how much the disk is fuller after so many bytes; the last one makes the directories of the file."""
        return on_disk(offset + count, upload.path if count >= missing else "") - before

    def with_reservation() -> Iterator[bytes]:
        """Hold the room when the first chunk is asked for: by then the storage lets nobody else write to this."""
        rooms.append(_reserve(workspace, upload_id, size=grown(most), most=most, now=now))
        yield from rooms[0].bounded(chunks)

    try:
        return home.storage.append(home.location, upload_id, offset, with_reservation())
    except PathNotFound as error:
        raise NotFound(error.message) from None
    finally:
        for reservation in rooms:
            commit_write(workspace, reservation, size=grown(reservation.arrived), now=now)


def _reserve(workspace: Workspace, upload_id: str, *, size: int, most: int, now: datetime) -> SpaceReservation:
    """Hold room for the next bytes. Of whoever died over the ones before, only what they brought counts."""
    hold = partial(
        space.hold_disk,
        owner_id=workspace.owner_id,
        workspace_id=workspace.pk,
        size=size,
        now=now,
        most=most,
        upload=upload_id,
    )
    if not _commit_orphaned_bytes(workspace, upload_id, now=now):
        return hold()
    try:
        return hold()
    except QuotaExceeded:  # all that they held counts until a measurement: it does not have to wait for its turn
        measure(Workspace.objects.get(pk=workspace.pk))
        return hold()


def _commit_orphaned_bytes(workspace: Workspace, upload_id: str, *, now: datetime) -> bool:
    with transaction.atomic():
        found = Workspace.objects.select_for_update().filter(pk=workspace.pk)
        change = (found.values_list("changes", flat=True).first() or 0) + 1
        if not quotas.settle_upload(target=workspace.pk, upload=upload_id, settled_as=change):
            return False
        files_changed(workspace_id=workspace.pk, now=now)
    return True


def cancel_upload(*, workspace: Workspace, upload_id: str, now: datetime) -> None:
    """Forget an upload and its bytes; raises `NotFound`."""
    home = usable_home(workspace)
    try:
        home.storage.cancel_upload(home.location, upload_id)
    except PathNotFound as error:
        raise NotFound(error.message) from None
    files_changed(workspace_id=workspace.pk, now=now)


def _found(home: Home, upload_id: str) -> Upload:
    try:
        return home.storage.find_upload(home.location, upload_id)
    except PathNotFound as error:
        raise NotFound(error.message) from None
