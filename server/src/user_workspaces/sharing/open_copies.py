"""Disk space of copies that are not accepted yet: no quota includes it, so the sender's disk quota limits its total."""

from datetime import datetime

from django.db import transaction

from user_workspaces.errors import QuotaExceeded
from user_workspaces.interfaces.sizes import size_text
from user_workspaces.quotas.accounts import lock_account
from user_workspaces.quotas.queries import allowance_of
from user_workspaces.quotas.reservation import Reservation, ReservationLost
from user_workspaces.quotas.values import Kind
from user_workspaces.sharing.models import Share
from user_workspaces.sharing.queries import made_copies_size, open_copies_size
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.share_copies import grow_copy, is_limited


class OpenCopyReservation(Reservation):
    """The reservation for one attempt to make a copy that is not accepted yet; its size is stored in the copy's row."""

    def __init__(self, share: Share) -> None:
        # `reserve_copy` has set the stored size to 0, which the first growth expects.
        super().__init__(owner_id=share.sender_id, target=share.copy_id, size=0)
        self._share = share
        self._is_checked = is_bounded(share)
        """True while more has to fit in the sender's quota."""

    def resize(self, size: int, *, preferred: int = 0, now: datetime) -> None:  # noqa: ARG002  as `Reservation` has it
        """Reserve at least `size` bytes; raises `QuotaExceeded`, `ReservationLost`.

        Once the copy is accepted, it counts for its receiver, whose quota is checked when the copy is complete.
        """
        if size <= self.size or not self._is_checked:
            return
        with transaction.atomic():
            # The account of the sender serializes the growth of all their open copies: two cannot take the last space.
            lock_account(self._share.sender_id)
            # The old size is a condition: another process that makes this copy has changed it.
            if grow_copy(workspace_id=self._share.copy_id, old=self.size, new=size):
                # After the row has the new size: `QuotaExceeded` rolls it back.
                check_copy(self._share, size)
                self.size = size
                return
        # The copy is not accepted, so the UPDATE failed because another process makes the copy now.
        if Workspace.objects.filter(pk=self._share.copy_id, awaits_acceptance=True).exists():
            raise ReservationLost
        self._is_checked = False


def is_bounded(share: Share) -> bool:
    """Return True if the sender's disk is limited."""
    return allowance_of(share.sender_id).disk_bytes is not None


def has_limit(share: Share) -> bool:
    """Return True if a copy has to fit in a quota: the receiver's once it is accepted, the sender's before."""
    return is_bounded(share) if share.copy.awaits_acceptance else is_limited(share.copy)


def lock_accounts(share: Share) -> None:
    """Lock the accounts of sender and receiver, always in the same order, so that two transactions do not deadlock."""
    for user_id in sorted({share.sender_id, share.receiver_id}):
        lock_account(user_id)


def check_offer(original: Workspace, more: int) -> None:
    """Raise `QuotaExceeded` if `more` copies of the measured size exceed the limit of open offers.

    In the transaction that makes the offer.
    """
    limit = allowance_of(original.owner_id).disk_bytes
    if not more or limit is None:
        return
    lock_account(original.owner_id)
    # Read after the lock: other offers of this sender have committed their copies.
    wanted = open_copies_size(original.owner_id) + original.disk_space * more
    if wanted > limit:
        raise QuotaExceeded(
            f"The copies in your open offers would take {size_text(wanted)}; the limit is {size_text(limit)}. "
            "Cancel an offer, or wait until one is accepted.",
            kind=Kind.DISK,
        )


def check_copy(share: Share, size: int) -> None:
    """Raise `QuotaExceeded` if a copy of `size` bytes does not fit beside the other open copies of its sender.

    With the account of the sender locked. The receiver reads the error, too, so it does not give the sender's usage.
    """
    limit = allowance_of(share.sender_id).disk_bytes
    # Copies that have not started count as 0: `check_offer` has counted the size of their original.
    if limit is not None and made_copies_size(share.sender_id, without=share.copy_id) + size > limit:
        sender = share.sender.username
        raise QuotaExceeded(
            f"The copy needs {size_text(size)}, which does not fit in the disk quota of {sender} for open offers. Try "
            "again after other offers are accepted, declined or cancelled.",
            kind=Kind.DISK,
        )
