"""The lease on a copy that is being made: who holds it may touch the files and say how it ended; nobody else."""

from datetime import datetime, timedelta

from django.db import transaction

from user_workspaces.db import leases
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
COPYING, WITHDRAWN = (Share.objects.filter(state=state) for state in (ShareState.COPYING, ShareState.WITHDRAWN))


def claim(share: Share, *, now: datetime) -> bool:
    """Take the lease on a copy to be made; False: another controller was first, or it was withdrawn."""
    unfinished = Share.objects.filter(state__in=UNFINISHED)
    return leases.claim(unfinished, share, until=now + LEASE, state=ShareState.COPYING, percent=0)


def renew(share: Share, *, now: datetime, percent: int) -> bool:
    """Keep the lease and say how far it is; False: the copy is not wanted any more, or the lease was lost."""
    until = now + LEASE
    if leases.renew(COPYING, share, until=until, percent=percent):
        return True
    # The lease on a withdrawn copy is kept until the copying has ended, so that no files are removed under it.
    leases.renew(WITHDRAWN, share, until=until)
    return False


def reserve_disk(share: Share, *, size: int, now: datetime) -> Reservation | None:
    """Reserve quota of the receiver or, before they accept the copy, in the open offers of the sender.

    None: the offer was withdrawn, or the lease was lost. Raises `QuotaExceeded`.
    """
    with transaction.atomic():
        held = COPYING.filter(pk=share.pk, next_check_at=share.next_check_at)
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
        if not leases.release(COPYING, share, at=None, state=ShareState.READY, percent=100, message=""):
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
        if leases.release(COPYING, share, at=None, state=ShareState.FAILED, message=text, percent=0):
            share_copies.give_up_copy(workspace_id=share.copy_id, is_cleared=is_cleared)


def hand_back(share: Share, *, now: datetime) -> None:
    """Give the lease up: what is still wanted starts over, what was withdrawn is removed."""
    if not leases.release(COPYING, share, at=now, state=ShareState.WAITING, percent=0):
        leases.release(WITHDRAWN, share, at=now)


def remove_withdrawn(share: Share, *, now: datetime) -> None:
    """Queue the files of a withdrawn share for deletion; the workspace's row takes the share's with it."""
    with transaction.atomic():
        if leases.release(WITHDRAWN, share, at=None):
            queue_deletion(workspace_id=share.copy_id, now=now)


def original_of(share: Share) -> Workspace:
    """Return what is to be copied; raises `InvalidRequest` when it is gone."""
    with transaction.atomic():
        return require_original(share)
