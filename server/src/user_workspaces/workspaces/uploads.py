"""Uploads in several requests: each request reserves quota for its bytes, and those that arrived count."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial

from django.db import transaction

from user_workspaces.errors import NotFound, PathNotFound, QuotaExceeded
from user_workspaces.interfaces.values import Upload
from user_workspaces.quotas import disk
from user_workspaces.quotas.reservation import Reservation
from user_workspaces.quotas.values import on_disk
from user_workspaces.workspaces.actions import commit_write, files_changed, measure, prepare_write
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import Home, usable_home

LARGEST_UPLOAD = 2**40
"""In bytes."""
LONGEST_ESCAPE = 6
"""Bytes of a character in the metadata that a storage keeps of an upload, as `\\uXXXX`."""
AROUND_A_NOTE = 128
"""Bytes of the other metadata of an upload."""


def begin_upload(*, workspace: Workspace, path: str, length: int, note: str, now: datetime) -> Upload:
    """Start an upload; raises `QuotaExceeded` if it does not fit now. Its quota is reserved when its bytes arrive."""
    home = usable_home(workspace)
    noted = on_disk(LONGEST_ESCAPE * (len(path) + len(note)) + AROUND_A_NOTE, "uploads/note")
    disk.check(owner_id=workspace.owner_id, size=noted + on_disk(length, path), now=now)
    size = noted if length else noted + on_disk(0, path)  # an empty file is complete at once
    prepare_write(workspace_id=workspace.pk, now=now)
    reservation = disk.reserve(owner_id=workspace.owner_id, target=workspace.pk, size=size, now=now)
    try:
        return home.storage.begin_upload(home.location, path, length=length, note=note)
    finally:
        # Also after an error: the metadata may be on disk already.
        commit_write(workspace, reservation, size=size, now=now)


def find_upload(*, workspace: Workspace, upload_id: str, now: datetime) -> Upload:
    """Return the state of an upload; raises `NotFound`."""
    upload = _found(usable_home(workspace), upload_id)
    if upload.finished:  # perhaps only now, if the server crashed after the last byte
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
    """Append bytes to an upload; bytes that were written are kept if the request breaks off.

    `size` is the largest number of bytes that arrive; None: all that are missing. Raises `QuotaExceeded` before the
    first is read.
    """
    home = usable_home(workspace)
    upload = _found(home, upload_id)
    missing = max(0, upload.length - offset)
    most, before = missing if size is None else min(size, missing), on_disk(offset)
    reservations: list[Reservation] = []

    def grown(count: int) -> int:
        """Return the bytes that so much content adds on disk; with the last byte the directories of the file appear."""
        return on_disk(offset + count, upload.path if count >= missing else "") - before

    def with_reservation() -> Iterator[bytes]:
        # Reserved when the storage asks for the first chunk: by then it has locked the upload against other writers.
        reservations.append(_reserve(workspace, upload_id, size=grown(most), most=most, now=now))
        yield from reservations[0].limit(chunks)

    try:
        return home.storage.append(home.location, upload_id, offset, with_reservation())
    except PathNotFound as error:
        raise NotFound(error.message) from None
    finally:
        # Empty if the storage rejected the request before it read a chunk.
        for reservation in reservations:
            commit_write(workspace, reservation, size=grown(reservation.arrived), now=now)


def _reserve(workspace: Workspace, upload_id: str, *, size: int, most: int, now: datetime) -> Reservation:
    """Reserve quota for the next bytes; of a writer that died, count only the bytes that it wrote."""
    reserve = partial(
        disk.reserve,
        owner_id=workspace.owner_id,
        target=workspace.pk,
        size=size,
        now=now,
        content_limit=most,
        upload=upload_id,
    )
    if not _commit_orphaned_bytes(workspace, upload_id, now=now):
        return reserve()
    try:
        return reserve()
    except QuotaExceeded:  # the dead writer's whole reservation counts until a measurement, so measure at once
        measure(Workspace.objects.get(pk=workspace.pk))
        return reserve()


def _commit_orphaned_bytes(workspace: Workspace, upload_id: str, *, now: datetime) -> bool:
    with transaction.atomic():
        found = Workspace.objects.select_for_update().filter(pk=workspace.pk)
        # The row is locked: `files_changed` below raises its number to this one.
        change = (found.values_list("changes", flat=True).first() or 0) + 1
        if not disk.commit_upload(target=workspace.pk, upload=upload_id, change=change):
            return False
        files_changed(workspace_id=workspace.pk, now=now)
    return True


def cancel_upload(*, workspace: Workspace, upload_id: str, now: datetime) -> None:
    """Remove an upload and its bytes; raises `NotFound`."""
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
