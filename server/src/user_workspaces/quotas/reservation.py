"""A reservation of disk quota: held before the first byte is written, committed or released afterwards."""

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from user_workspaces.errors import InvalidRequest
from user_workspaces.quotas.accounts import lock_account
from user_workspaces.quotas.messages import copy_exceeded, disk_exceeded
from user_workspaces.quotas.models import DiskReservation
from user_workspaces.quotas.queries import allowance_of, disk_usage_of, rules
from user_workspaces.quotas.values import BLOCK_BYTES, Usage, on_disk

EXPIRES_AFTER = timedelta(minutes=15)
"""Writers renew their reservation each minute; one that did not for so long is dead, and others get its quota."""
RENEW_SECONDS = 60.0
STEP = 64 * 1024**2
"""Bytes reserved at a time for content of unknown size: small, so that the rest stays available to other writers."""
PERMANENT = 2**63 - 1
"""The change number of a reservation that neither expires nor is freed by a measurement, only by `release`."""


class ReservationLost(InvalidRequest):
    """The reservation expired or was replaced: another writer may have its quota by now."""

    def __init__(self) -> None:
        super().__init__("The upload timed out. Please start it again.")


@dataclass(slots=True, kw_only=True)
class Reservation:
    """Disk quota for one write to one target (a workspace); `disk.reserve` makes it."""

    owner_id: int
    target: int
    size: int
    """Bytes on disk, in whole blocks."""
    number: int | None = None
    """Primary key of the row; None where the user has no disk limit: then nothing is stored."""
    content_limit: int | None = None
    """Bytes of content that `limit` passes on; None: any number."""
    growth_overhead: int | None = None
    """For content of unknown size, which reserves more while it arrives: bytes that its directories take on disk."""
    receiver: str = ""
    """For a copy: the user name of its receiver. Others read the error too, so it does not say what they have."""
    arrived: int = 0
    """Bytes of content that `limit` passed on."""

    def limit(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Pass content on, and renew the reservation while it arrives.

        Raises `InvalidRequest` for more content than was declared, `ReservationLost` when it expired, and
        `QuotaExceeded` where content of unknown size becomes too large.
        """
        renewed = time.monotonic()
        for chunk in chunks:
            # Before the chunk is passed on, so that no byte is written without a reservation.
            if self.content_limit is not None and self.arrived + len(chunk) > self.content_limit:
                self._grow(self.arrived + len(chunk))
            if time.monotonic() - renewed > RENEW_SECONDS:
                self.renew(now=timezone.now())
                renewed = time.monotonic()
            self.arrived += len(chunk)
            yield chunk

    def _grow(self, content: int) -> None:
        if self.growth_overhead is None:
            raise InvalidRequest("The upload is larger than its declared size.")
        needed = on_disk(content) + self.growth_overhead
        self.resize(needed, preferred=self.size + STEP, now=timezone.now())
        self.content_limit = self.size - self.growth_overhead

    def renew(self, *, now: datetime) -> None:
        """Keep it for another `EXPIRES_AFTER`; raises `ReservationLost`."""
        if self.number is not None:
            _update(self.number, size=self.size, now=now)

    def resize(self, size: int, *, preferred: int = 0, now: datetime) -> None:
        """Hold at least `size` bytes, up to `preferred` if they fit; raises `QuotaExceeded`, `ReservationLost`."""
        if self.number is None or size <= self.size:
            return
        with transaction.atomic():
            lock_account(self.owner_id)
            usage = disk_usage_of(self.owner_id, limit=allowance_of(self.owner_id).disk_bytes, now=now)
            require_fit(usage, size - self.size, total=size, receiver=self.receiver)
            granted = largest_fit(usage, held=self.size, size=size, preferred=preferred)
            _update(self.number, size=granted, now=now)
        # After the commit: a transaction that is rolled back leaves the old size.
        self.size = granted

    def commit(self, *, size: int, change: int | None, now: datetime) -> None:
        """Count `size` bytes on disk until a measurement includes this change of the target.

        In the transaction that counts the change, with the target's row locked; `change` is None if the target is gone.
        """
        if self.number is None:
            return
        if change is None or size == 0:
            self.release()
        elif not DiskReservation.objects.filter(pk=self.number).update(size=size, committed_change=change):
            # The reservation expired, but the bytes are on disk: they count even if they exceed the quota.
            DiskReservation.objects.create(
                user_id=self.owner_id, target=self.target, size=size, expires_at=now, committed_change=change
            )

    def release(self) -> None:
        """Free it: nothing was written."""
        if self.number is not None:
            DiskReservation.objects.filter(pk=self.number).delete()


def _update(number: int, *, size: int, now: datetime) -> None:
    # Reservations of copies do not expire, see `disk.reserve`.
    valid = DiskReservation.objects.filter(Q(expires_at__gt=now) | Q(committed_change=PERMANENT), pk=number)
    if not valid.update(size=size, expires_at=now + EXPIRES_AFTER):
        raise ReservationLost


def require_fit(usage: Usage[int], size: int, *, total: int = 0, receiver: str = "") -> None:
    """Raise `QuotaExceeded` where `size` more bytes do not fit.

    For a copy to `receiver` the error gives its `total` size and no usage, as the sender reads it, too.
    """
    if usage.fits(size):
        return
    contact = rules().contact
    raise (
        copy_exceeded(total, owner=receiver, contact=contact)
        if receiver
        else disk_exceeded(usage, size, contact=contact)
    )


def largest_fit(usage: Usage[int], *, held: int, size: int, preferred: int) -> int:
    """Return the bytes to hold in place of `held`: `preferred`, less where it does not fit, and at least `size`."""
    if usage.left is None:
        return max(size, preferred)
    return max(size, min(preferred, held + usage.left // BLOCK_BYTES * BLOCK_BYTES))
