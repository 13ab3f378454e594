"""The lease on a copy that is being made: who holds it may touch the files and say how it ended; nobody else."""

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from user_workspaces.db.leases import lease
from user_workspaces.quotas.reservation import Reservation
from user_workspaces.sharing.actions import note_listing, require_original
from user_workspaces.sharing.models import Share, ShareState
from user_workspaces.sharing.open_copies import OpenCopyReservation, check_copy, lock_accounts
from user_workspaces.sharing.queries import UNFINISHED
from user_workspaces.workspaces import share_copies
from user_workspaces.workspaces.actions import queue_deletion
from user_workspaces.workspaces.models import Workspace

LEASE = timedelta(seconds=60)
"""Renewed while the copy goes on; after this time a controller that hangs, or died elsewhere, is replaced."""
LONGEST_MESSAGE = 1_000


def claim(share: Share, *, now: datetime) -> bool:
    """Take the lease on a copy to be made; False: another controller was first, or it was withdrawn."""
    until = now + LEASE
    claimed = {"state": ShareState.COPYING, "next_check_at": until, "percent": 0, **lease(until)}
    if not _held(share).filter(state__in=UNFINISHED).update(**claimed):
        return False
    share.next_check_at = until
    return True


def renew(share: Share, *, now: datetime, percent: int) -> bool:
    """Keep the lease and say how far it is; False: the copy is not wanted any more, or the lease was lost."""
    held, until = _held(share), now + LEASE
    wanted = held.filter(state=ShareState.COPYING).update(next_check_at=until, percent=percent, **lease(until))
    # Withdrawn: the lease is kept until the copying has really ended, so that nobody removes files under it.
    if wanted or held.filter(state=ShareState.WITHDRAWN).update(next_check_at=until, **lease(until)):
        share.next_check_at = until
    return bool(wanted)


def reserve_disk(share: Share, *, size: int, now: datetime) -> Reservation | None:
    """Reserve quota of the receiver or, before they accept the copy, in the open offers of the sender.

    None: the offer was withdrawn, or the lease was lost. Raises `QuotaExceeded`.
    """
    with transaction.atomic():
        held = _held(share).filter(state=ShareState.COPYING)
        if held.select_for_update(of=("self",)).first() is None:
            return None
        share.copy.refresh_from_db(fields=["awaits_acceptance"])
        lock_accounts(share)
        reservation = share_copies.reserve_copy(share.copy, size=size, now=now)
        if not share.copy.awaits_acceptance:
            return reservation
        reservation = OpenCopyReservation(share)
        reservation.resize(size, now=now)
        return reservation


def complete(share: Share, *, filled: Workspace, held: int, now: datetime) -> bool:
    """Mark a copy of `held` bytes as complete. False: it was withdrawn, or another process is making it now.

    Raises `InvalidRequest` when the original went away meanwhile: what was copied may be a part of it; and
    `QuotaExceeded` when it became more than there is room for.
    """
    with transaction.atomic():
        leased = _held(share).filter(state=ShareState.COPYING)
        if not leased.update(state=ShareState.READY, percent=100, message="", next_check_at=None):
            return False
        require_original(share)
        filled.refresh_from_db(fields=["awaits_acceptance"])
        lock_accounts(share)
        if filled.awaits_acceptance and filled.disk_space > held:
            check_copy(share, filled.disk_space)
        share_copies.complete_copy(filled, held=held, now=now)
        note_listing(offer_id=share.offer_id, current=filled.current)
    return True


def fail(share: Share, *, message: str, is_cleared: bool) -> None:
    """Say why it could not be made, and whether nothing is left; it waits for somebody to retry or decline it."""
    text = message[:LONGEST_MESSAGE].replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    with transaction.atomic():
        held = _held(share).filter(state=ShareState.COPYING)
        if held.update(state=ShareState.FAILED, message=text, percent=0, next_check_at=None):
            share_copies.give_up_copy(workspace_id=share.copy_id, is_cleared=is_cleared)


def hand_back(share: Share, *, now: datetime) -> None:
    """Give the lease up: what is still wanted starts over, what was withdrawn is removed."""
    held = _held(share)
    if not held.filter(state=ShareState.COPYING).update(state=ShareState.WAITING, percent=0, next_check_at=now):
        held.filter(state=ShareState.WITHDRAWN).update(next_check_at=now)


def remove_withdrawn(share: Share, *, now: datetime) -> None:
    """Queue the files of a withdrawn share for deletion; the workspace's row takes the share's with it."""
    with transaction.atomic():
        if _held(share).filter(state=ShareState.WITHDRAWN).update(next_check_at=None):
            queue_deletion(workspace_id=share.copy_id, now=now)


def original_of(share: Share) -> Workspace:
    """Return what is to be copied; raises `InvalidRequest` when it is gone."""
    with transaction.atomic():
        return require_original(share)


def _held(share: Share) -> QuerySet[Share]:
    return Share.objects.filter(pk=share.pk, next_check_at=share.next_check_at)
