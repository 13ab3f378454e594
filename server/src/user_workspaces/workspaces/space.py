"""The disk space of a person: what their workspaces take, and what is held for what is being written."""

import logging
from datetime import datetime
from functools import partial

from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from user_workspaces.observability.warning_log import REFUSALS
from user_workspaces.quotas import actions as quotas
from user_workspaces.quotas.queries import allowance_of, held_and_written
from user_workspaces.quotas.values import BLOCK_BYTES, Usage, on_disk
from user_workspaces.workspaces.details import Details
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.rooms import SpaceReservation

logger = logging.getLogger(__name__)

STEP = 64 * 1024**2
"""So much more is held at a time of what nobody knows the size of: the rest stays for others who write."""


def disk_use_of(owner_id: int, *, limit: int | None, now: datetime) -> Usage[int]:
    """Return how a person's disk space stands; to rely on it, hold their account first."""
    settled, moving = held_and_written(owner_id, now=now)
    return Usage(limit=limit, used=disk_space_of(owner_id), reserved=settled + moving, moving=moving)


def disk_space_of(owner_id: int) -> int:
    """Return the bytes of all workspaces of a person, without copies that they have not accepted."""
    own = Workspace.objects.filter(owner_id=owner_id, awaits_acceptance=False)
    total: int | None = own.aggregate(total=Sum("disk_space"))["total"]
    return total or 0


def check_space(*, owner_id: int, size: int, now: datetime) -> None:
    """Raise `QuotaExceeded` where so many bytes (as `on_disk` counts) do not fit now; nothing is held."""
    limit = allowance_of(owner_id).disk_bytes
    if limit is not None:
        quotas.check_disk(disk_use_of(owner_id, limit=limit, now=now), size)


def hold_disk(
    *, owner_id: int, workspace_id: int, size: int, now: datetime, most: int | None = None, upload: str = ""
) -> SpaceReservation:
    """Hold so many bytes for what is about to be put into a workspace; see `reserve`.

    Where it arrives in chunks: `most` is what they may bring, in bytes of content.
    """
    held = reserve(owner_id=owner_id, workspace_id=workspace_id, size=size, now=now, upload=upload)
    return SpaceReservation(owner_id=owner_id, workspace_id=workspace_id, most=most, reservation=held)


def reserve(*, owner_id: int, workspace_id: int, size: int, now: datetime, upload: str = "") -> int | None:
    """Hold so many bytes of a person's; return the reservation's number, None where there is no limit.

    `upload`: the one that they are for, so that whoever goes on with it can tell. Raises `QuotaExceeded`. Two at once
    wait for each other, so that never more is held than there is.
    """
    limit = allowance_of(owner_id).disk_bytes
    if limit is None:
        return None
    with transaction.atomic():
        quotas.hold_account(owner_id)
        usage = disk_use_of(owner_id, limit=limit, now=now)
        return quotas.reserve_disk(
            owner_id=owner_id, target=workspace_id, size=size, usage=usage, now=now, upload=upload
        )


def reserve_file(workspace: Workspace, *, path: str, size: int | None, now: datetime) -> SpaceReservation:
    """Hold space for one file that is about to be written.

    Without `size` (in bytes) it is held step by step while the file arrives, as long as there is some.
    """
    owner_id, workspace_id = workspace.owner_id, workspace.pk
    most = _first_step(owner_id, path, now=now) if size is None else size
    if most is None:
        return SpaceReservation(owner_id=owner_id, workspace_id=workspace_id, most=None, reservation=None)
    held = reserve(owner_id=owner_id, workspace_id=workspace_id, size=on_disk(most, path), now=now)
    grow = partial(_next_step, owner_id, held, path) if size is None and held is not None else None
    return SpaceReservation(owner_id=owner_id, workspace_id=workspace_id, most=most, reservation=held, grow=grow)


def _first_step(owner_id: int, path: str, *, now: datetime) -> int | None:
    limit = allowance_of(owner_id).disk_bytes
    if limit is None:
        return None
    left = disk_use_of(owner_id, limit=limit, now=now).left or 0
    return max(1, min(STEP, (left - on_disk(0, path)) // BLOCK_BYTES * BLOCK_BYTES))


def _next_step(owner_id: int, reservation: int, path: str, most: int, arrived: int) -> int | None:
    """Hold more; return how many bytes may come in all, None when nothing is held any more. Raises `QuotaExceeded`."""
    held, needed, now = on_disk(most, path), on_disk(arrived, path), timezone.now()
    with transaction.atomic():
        quotas.hold_account(owner_id)
        usage = disk_use_of(owner_id, limit=allowance_of(owner_id).disk_bytes, now=now)
        quotas.check_disk(usage, needed - held)
        step = STEP if usage.left is None else min(STEP, usage.left // BLOCK_BYTES * BLOCK_BYTES)
        size = max(held + step, needed)
        is_held = quotas.keep_disk(reservation=reservation, now=now) and quotas.resize_disk(
            reservation=reservation, size=size
        )
    return size - on_disk(0, path) if is_held else None


def size_of(details: Details) -> int:
    """Return the bytes that these files and links will take on disk: a link to a long path takes a block."""
    files = sum(on_disk(len(file.content), file.name) for file in details.files)
    return files + sum(on_disk(len(link.target), link.name) for link in details.links)


def settle_measurement(workspace: Workspace, *, now: datetime) -> None:
    """After a measurement, in its transaction: what it saw is no longer held, and too much of it is noted."""
    limit = allowance_of(workspace.owner_id).disk_bytes
    quotas.hold_account(workspace.owner_id)
    quotas.forget_measured(target=workspace.pk, change=workspace.changes, now=now)
    usage = disk_use_of(workspace.owner_id, limit=limit, now=now)
    if quotas.record_disk_use(owner_id=workspace.owner_id, usage=usage, now=now):
        what = "uses more disk than they may: uploads and launches wait"
        REFUSALS.warn(logger, f"person {workspace.owner_id}", what)
