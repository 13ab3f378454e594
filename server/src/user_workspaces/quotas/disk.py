"""Disk accounting: reserve quota before a write, and reconcile it with what a measurement found on disk.

A user's usage is what their workspaces take, as measured last, plus the reservations: those of writes in progress,
which expire unless they are renewed, and those of committed writes, which count until a measurement includes them.
"""

from datetime import datetime

from django.db import transaction

from user_workspaces.quotas import reservation
from user_workspaces.quotas.accounts import lock_account, record_disk_usage
from user_workspaces.quotas.models import DiskReservation
from user_workspaces.quotas.queries import allowance_of, disk_usage_of
from user_workspaces.quotas.reservation import EXPIRES_AFTER, PERMANENT, Reservation, largest_fit, require_fit
from user_workspaces.quotas.values import on_disk


def check(*, owner_id: int, size: int, now: datetime) -> None:
    """Raise `QuotaExceeded` where so many bytes (as `on_disk` counts) do not fit now; nothing is reserved."""
    limit = allowance_of(owner_id).disk_bytes
    if limit is not None:
        require_fit(disk_usage_of(owner_id, limit=limit, now=now), size)


def reserve(
    *,
    owner_id: int,
    target: int,
    size: int,
    now: datetime,
    preferred: int = 0,
    content_limit: int | None = None,
    upload: str = "",
    receiver: str = "",
) -> Reservation:
    """Reserve `size` bytes on disk, up to `preferred` if they fit; raises `QuotaExceeded`.

    `upload` names the upload that it is for: see `commit_upload`. A reservation for a copy to `receiver` does not
    expire, because a part of an interrupted copy stays on disk until it is removed or made again.
    """
    made = Reservation(owner_id=owner_id, target=target, size=size, content_limit=content_limit, receiver=receiver)
    limit = allowance_of(owner_id).disk_bytes
    # Without a limit there is no row: the writes of these users wait for no lock.
    if limit is None:
        return made
    with transaction.atomic():
        lock_account(owner_id)
        usage = disk_usage_of(owner_id, limit=limit, now=now)
        require_fit(usage, size, total=size, receiver=receiver)
        made.size = largest_fit(usage, held=0, size=size, preferred=preferred)
        made.number = DiskReservation.objects.create(
            user_id=owner_id,
            target=target,
            size=made.size,
            expires_at=now + EXPIRES_AFTER,
            upload=upload,
            committed_change=PERMANENT if receiver else None,
        ).pk
    return made


def reserve_file(*, owner_id: int, target: int, path: str, size: int | None, now: datetime) -> Reservation:
    """Reserve quota for one file of `size` bytes of content; None: unknown, more is reserved while it arrives."""
    if size is not None:
        return reserve(owner_id=owner_id, target=target, size=on_disk(size, path), content_limit=size, now=now)
    overhead = on_disk(0, path)
    # Only one block is required, so that a small file fits into the last bytes of a quota.
    preferred = reservation.STEP + overhead
    made = reserve(owner_id=owner_id, target=target, size=on_disk(1, path), preferred=preferred, now=now)
    if made.number is not None:
        made.growth_overhead, made.content_limit = overhead, made.size - overhead
    return made


def commit_upload(*, target: int, upload: str, change: int) -> bool:
    """Commit in full what is still reserved for an upload whose writer died; return False if nothing was.

    Only for the one process that may write to that upload now.
    """
    held = DiskReservation.objects.filter(target=target, upload=upload, committed_change__isnull=True)
    return bool(held.update(committed_change=change))


def commit_beside(*, owner_id: int, target: int, size: int, now: datetime) -> None:
    """Count `size` bytes that belong to a target but lie outside of it, in place of the last such count.

    With the target's row locked, so that nothing is counted for a target that is gone.
    """
    # Permanent, because no measurement of the target includes these bytes.
    counted = DiskReservation.objects.filter(target=target, committed_change=PERMANENT)
    if not counted.update(size=size) and size:
        DiskReservation.objects.create(
            user_id=owner_id, target=target, size=size, expires_at=now, committed_change=PERMANENT
        )


def release(*, target: int) -> None:
    """Free all reservations of a target that is gone, or that is counted by its measured size from now on."""
    DiskReservation.objects.filter(target=target).delete()


def reconcile(*, owner_id: int, target: int, change: int, now: datetime) -> None:
    """Free what a measurement of this change of the target includes, and what expired; record the new usage.

    In the transaction that stores the measured size.
    """
    lock_account(owner_id)
    reserved = DiskReservation.objects.filter(target=target)
    reserved.filter(committed_change__lte=change).delete()
    reserved.filter(committed_change__isnull=True, expires_at__lte=now).delete()
    usage = disk_usage_of(owner_id, limit=allowance_of(owner_id).disk_bytes, now=now)
    record_disk_usage(owner_id=owner_id, usage=usage, now=now)
