"""Holding and giving back: whoever takes something holds the person's account until the transaction ends."""

from datetime import datetime, timedelta

from user_workspaces.quotas.messages import disk_exceeded
from user_workspaces.quotas.models import DiskReservation, QuotaAccount
from user_workspaces.quotas.queries import rules
from user_workspaces.quotas.values import Usage

WRITING_IS_DEAD_AFTER = timedelta(minutes=15)
"""Whoever writes longer than this says so again and again: `keep_disk`."""
UNTIL_FORGOTTEN = 2**63 - 1
"""The number of a change that no measurement ever sees."""


def hold_account(owner_id: int) -> None:
    """Wait until nobody else takes something of this person's, and keep the others waiting until we have committed."""
    QuotaAccount.objects.get_or_create(user_id=owner_id)
    QuotaAccount.objects.select_for_update().get(user_id=owner_id)


def reserve_disk(*, owner_id: int, target: int, size: int, usage: Usage[int], now: datetime, upload: str = "") -> int:
    """Hold so many bytes and return the reservation's number; raises `QuotaExceeded`.

    The account has to be held, and `standing` read since then. `upload`: see `settle_upload`.
    """
    check_disk(usage, size)
    until = now + WRITING_IS_DEAD_AFTER
    made = DiskReservation.objects.create(user_id=owner_id, target=target, size=size, expires_at=until, upload=upload)
    return made.pk


def settle_upload(*, target: int, upload: str, settled_as: int) -> bool:
    """Count what is still held for an upload as `settle_disk` does, all of it; False: nothing was.

    For whoever alone writes to that upload now: who holds something for it has died.
    """
    held = DiskReservation.objects.filter(target=target, upload=upload, settled_as__isnull=True)
    return bool(held.update(settled_as=settled_as))


def count_disk(*, owner_id: int, target: int, size: int, settled_as: int, now: datetime) -> int:
    """Count so many bytes until a measurement has seen that change; return the reservation's number.

    Nothing is checked. With `UNTIL_FORGOTTEN` only `forget_place` ends it.
    """
    made = DiskReservation.objects.create(
        user_id=owner_id, target=target, size=size, expires_at=now, settled_as=settled_as
    )
    return made.pk


def count_beside(*, owner_id: int, target: int, size: int, now: datetime) -> None:
    """Count so many bytes that lie beside a place, in place of what was counted so before, until it is forgotten.

    The place's row has to be held by the caller, so that nothing is counted for a place that is gone.
    """
    counted = DiskReservation.objects.filter(target=target, settled_as=UNTIL_FORGOTTEN)
    if not counted.update(size=size) and size:
        count_disk(owner_id=owner_id, target=target, size=size, settled_as=UNTIL_FORGOTTEN, now=now)


def keep_disk(*, reservation: int, now: datetime) -> bool:
    """Say that it is still being written; False: nothing was heard for so long that others may have the room."""
    held = DiskReservation.objects.filter(pk=reservation, expires_at__gt=now)
    return bool(held.update(expires_at=now + WRITING_IS_DEAD_AFTER))


def resize_disk(*, reservation: int, size: int) -> bool:
    """Hold another size, which was checked; False: it is not held any more."""
    return bool(DiskReservation.objects.filter(pk=reservation).update(size=size))


def check_disk(usage: Usage[int], size: int) -> None:
    """Raise `QuotaExceeded` where so much does not fit."""
    if not usage.fits(size):
        raise disk_exceeded(usage, size, contact=rules().contact)


def settle_disk(*, reservation: int, size: int, settled_as: int) -> bool:
    """Say that it is written: `size` bytes count from now on until a measurement has seen that change.

    False: it was not held any more, and nothing counts.
    """
    return bool(DiskReservation.objects.filter(pk=reservation).update(size=size, settled_as=settled_as))


def release_disk(*, reservation: int) -> None:
    """Say that nothing was written."""
    DiskReservation.objects.filter(pk=reservation).delete()


def forget_measured(*, target: int, change: int, now: datetime) -> None:
    """Let go of what a measurement of that change has seen, and of writers that died; the account has to be held."""
    here = DiskReservation.objects.filter(target=target)
    here.filter(settled_as__lte=change).delete()
    here.filter(settled_as__isnull=True, expires_at__lte=now).delete()


def release_workspace(*, target: int) -> None:
    """Let go of all that was held there: the place is gone."""
    DiskReservation.objects.filter(target=target).delete()


def record_disk_use(*, owner_id: int, usage: Usage[int], now: datetime) -> bool:
    """Note whether a person uses more disk than they may; True: it was found just now."""
    account = QuotaAccount.objects.filter(user_id=owner_id)
    if usage.is_over:
        return bool(account.filter(over_disk_since__isnull=True).update(over_disk_since=now))
    account.filter(over_disk_since__isnull=False).update(over_disk_since=None)
    return False
