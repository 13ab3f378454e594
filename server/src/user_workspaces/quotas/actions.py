"""Holding and giving back: whoever takes something holds the person's account until the transaction ends."""

from datetime import datetime, timedelta

from user_workspaces.errors import InvalidRequest
from user_workspaces.quotas.models import DiskReservation, QuotaAccount
from user_workspaces.quotas.queries import rules
from user_workspaces.quotas.refusals import disk_refused
from user_workspaces.quotas.values import Standing

WRITING_IS_DEAD_AFTER = timedelta(minutes=10)
"""Without a word: who writes on says so, see `keep_disk`."""


def hold_account(owner_id: int) -> None:
    """Wait until nobody else takes something of this person's, and keep the others waiting until we have committed."""
    QuotaAccount.objects.get_or_create(user_id=owner_id)
    QuotaAccount.objects.select_for_update().get(user_id=owner_id)


def reserve_disk(*, owner_id: int, place: int, size: int, standing: Standing[int], now: datetime) -> int:
    """Hold so many bytes and return the reservation's number; raises `QuotaExceeded`.

    The account has to be held, and `standing` read since then.
    """
    check_disk(standing, size)
    until = now + WRITING_IS_DEAD_AFTER
    return DiskReservation.objects.create(user_id=owner_id, place=place, size=size, expires_at=until).pk


def check_disk(standing: Standing[int], size: int) -> None:
    """Raise `QuotaExceeded` where so much does not fit."""
    if not standing.has_room_for(size):
        raise disk_refused(standing, size, contact=rules().contact)


def keep_disk(*, reservation: int, now: datetime, size: int | None = None) -> None:
    """Go on holding what is written to still, from now on `size` bytes; raises `InvalidRequest` when it is lost."""
    changed = {} if size is None else {"size": size}
    held = DiskReservation.objects.filter(pk=reservation)
    if not held.update(expires_at=now + WRITING_IS_DEAD_AFTER, **changed):
        raise InvalidRequest("Nothing came for too long; nothing was kept.")


def settle_disk(*, reservation: int, size: int, settled_as: int) -> None:
    """Say that it is written: `size` bytes count from now on until a measurement has seen that change."""
    DiskReservation.objects.filter(pk=reservation).update(size=size, settled_as=settled_as)


def release_disk(*, reservation: int) -> None:
    """Say that nothing was written."""
    DiskReservation.objects.filter(pk=reservation).delete()


def forget_measured(*, place: int, change: int, now: datetime) -> None:
    """Let go of what a measurement of that change has seen, and of writers that died; the account has to be held."""
    here = DiskReservation.objects.filter(place=place)
    here.filter(settled_as__lte=change).delete()
    here.filter(settled_as__isnull=True, expires_at__lte=now).delete()


def forget_place(*, place: int) -> None:
    """Let go of all that was held there: the place is gone."""
    DiskReservation.objects.filter(place=place).delete()


def mark_disk_use(*, owner_id: int, standing: Standing[int], now: datetime) -> bool:
    """Note whether a person uses more disk than they may; True: it was found just now."""
    account = QuotaAccount.objects.filter(user_id=owner_id)
    if standing.is_over:
        return bool(account.filter(over_disk_since__isnull=True).update(over_disk_since=now))
    account.filter(over_disk_since__isnull=False).update(over_disk_since=None)
    return False
