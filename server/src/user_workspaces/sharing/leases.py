"""The lease on a copy in progress: only its holder may touch the files and record the result."""

from datetime import datetime

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

LONGEST_MESSAGE = 1_000
# Querysets are lazy, and each `filter` makes a new one: these keep no rows between calls.
COPYING, WITHDRAWN = (Share.objects.filter(state=state) for state in (ShareState.COPYING, ShareState.WITHDRAWN))


def claim(share: Share, *, now: datetime) -> bool:
    """Take the lease on a pending copy; return False if another controller was first, or the offer was withdrawn."""
    # A due row can be `COPYING`: its process died or lost the lease.
    unfinished = Share.objects.filter(state__in=UNFINISHED)
    return leases.claim(unfinished, share, until=now + leases.lease_length(), state=ShareState.COPYING, percent=0)


def renew(share: Share, *, now: datetime, percent: int) -> bool:
    """Renew the lease and record progress; return False if the offer was withdrawn or the lease was lost."""
    until = now + leases.lease_length()
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
        # The state excludes a withdrawal, the due time another holder of the lease; the row lock keeps both.
        held = COPYING.filter(pk=share.pk, next_check_at=share.next_check_at)
        if held.select_for_update(of=("self",)).first() is None:
            return None
        # The receiver may have accepted since the share was read, which decides whose quota is used.
        share.copy.refresh_from_db(fields=["awaits_acceptance"])
        lock_accounts(share)
        reservation = share_copies.reserve_copy(share.copy, size=size, now=now)
        if not share.copy.awaits_acceptance:
            return reservation
        # For an open copy, `reserve_copy` returns a reservation that holds no quota.
        reservation = OpenCopyReservation(share)
        reservation.resize(size, now=now)
        return reservation


def complete(share: Share, *, filled: Workspace, held: int, now: datetime) -> bool:
    """Mark a copy of `held` bytes as complete. False: it was withdrawn, or another process is making it now.

    Raises `InvalidRequest` if the original was deleted meanwhile, as the copy may be incomplete, and `QuotaExceeded` if
    the copy became too large.
    """
    with transaction.atomic():
        # The UPDATE locks the share before the original, in the same order as `retry`.
        if not leases.release(COPYING, share, at=None, state=ShareState.READY, percent=100, message=""):
            return False
        require_original(share)
        filled.refresh_from_db(fields=["awaits_acceptance"])
        lock_accounts(share)
        # `complete_copy` checks only the quota of the receiver, in which an open copy does not count.
        if filled.awaits_acceptance and filled.disk_space > held:
            check_copy(share, filled.disk_space)
        share_copies.complete_copy(filled, held=held, now=now)
        note_listing(offer_id=share.offer_id, current=filled.current)
    return True


def fail(share: Share, *, message: str, is_cleared: bool) -> None:
    """Mark a copy as failed, with the reason; `is_cleared` is True if no files of it are left."""
    # PostgreSQL rejects NUL characters, and lone surrogates cannot be encoded as UTF-8.
    text = message[:LONGEST_MESSAGE].replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
    with transaction.atomic():
        if leases.release(COPYING, share, at=None, state=ShareState.FAILED, message=text, percent=0):
            share_copies.give_up_copy(workspace_id=share.copy_id, is_cleared=is_cleared)


def hand_back(share: Share, *, now: datetime) -> None:
    """Release the lease: a copy that is still wanted starts again, a withdrawn one is removed."""
    # A withdrawal moves the row from the first state to the second, so at most one of the two updates matches.
    if not leases.release(COPYING, share, at=now, state=ShareState.WAITING, percent=0):
        leases.release(WITHDRAWN, share, at=now)


def remove_withdrawn(share: Share, *, now: datetime) -> None:
    """Queue the copy of a withdrawn share for deletion, which also deletes the share."""
    with transaction.atomic():
        # Several controllers may read the same row: only the one whose UPDATE matches queues the deletion.
        if leases.release(WITHDRAWN, share, at=None):
            queue_deletion(workspace_id=share.copy_id, now=now)


def original_of(share: Share) -> Workspace:
    """Return the workspace to copy; raises `InvalidRequest` if it is deleted."""
    with transaction.atomic():
        return require_original(share)
