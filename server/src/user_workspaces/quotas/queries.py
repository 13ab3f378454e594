"""Reads limits and disk usage."""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import TypeVar

from django.db.models import Q, Sum

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.interfaces.settings import QuotaSettings
from user_workspaces.quotas.models import DiskReservation, Quota, QuotaAccount
from user_workspaces.quotas.values import GIBIBYTE, QuotaLimits, Usage

Limit = TypeVar("Limit", int, Decimal)
Reading = tuple[bool, Limit | None]
"""True if unlimited, and the limit; (False, None) means inherited."""


def allowance_of(owner_id: int) -> QuotaLimits:
    """Return a user's limits, in one query: their own, else the most generous group's, else the configured ones."""
    found = list(Quota.objects.raw(_quota_sql(), [owner_id, owner_id]))
    site = registry.site().quotas
    return QuotaLimits(
        disk_bytes=_decide(found, _disk, default=_bytes(site.disk_gb)),
        core_hours=_decide(found, _core_hours, default=site.core_hours),
        running_sessions=_decide(found, _sessions, default=site.running_sessions),
    )


@cache
def _quota_sql() -> str:
    """Return the SQL of a user's quotas.

    Every launch, upload and page reads them, and Django takes longer to make this query than to run it.
    """
    members = User.groups.through._meta.db_table
    groups = f"SELECT group_id FROM {members} WHERE user_id = %s"  # noqa: S608  names of our own tables
    return f"SELECT * FROM {Quota._meta.db_table} WHERE user_id = %s OR group_id IN ({groups})"  # noqa: S608  the same


def _decide(quotas: Iterable[Quota], read: Callable[[Quota], Reading[Limit]], *, default: Limit | None) -> Limit | None:
    readings = [(quota.user_id is not None, read(quota)) for quota in quotas]
    given = [(is_own, reading) for is_own, reading in readings if reading != (False, None)]
    own = [reading for is_own, reading in given if is_own]
    deciding = own or [reading for _, reading in given]
    if not deciding:
        return default
    if any(is_unlimited for is_unlimited, _ in deciding):
        return None
    return max(limit for _, limit in deciding if limit is not None)


def _disk(quota: Quota) -> Reading[int]:
    return quota.unlimited_disk, _bytes(quota.disk_gb)


def _core_hours(quota: Quota) -> Reading[Decimal]:
    return quota.unlimited_core_hours, quota.core_hours


def _sessions(quota: Quota) -> Reading[int]:
    return quota.unlimited_sessions, quota.running_sessions


def _bytes(gigabytes: Decimal | None) -> int | None:
    return None if gigabytes is None else int(gigabytes * GIBIBYTE)


def disk_usage_of(owner_id: int, *, limit: int | None, now: datetime) -> Usage[int]:
    """Return a user's disk usage in bytes; lock their account first where a decision depends on it."""
    # Reservations first: a measurement that commits in between counts bytes twice; the other order would miss them.
    committed, in_progress = _reserved_disk(owner_id, now=now)
    used, reserved = disk_space_of(owner_id), committed + in_progress
    return Usage(limit=limit, used=used, reserved=reserved, in_progress=in_progress)


def disk_space_of(owner_id: int) -> int:
    """Return the bytes of all workspaces of a user, as measured last, without copies that they have not accepted."""
    # Through the relation, because this package must not import the workspaces; no query for the user.
    own = User(pk=owner_id).workspaces.filter(awaits_acceptance=False)
    total: int | None = own.aggregate(total=Sum("disk_space"))["total"]
    return total or 0


def held_disk(owner_id: int, *, now: datetime) -> int:
    """Return the bytes that a user's reservations hold now."""
    return sum(_reserved_disk(owner_id, now=now))


def _reserved_disk(owner_id: int, *, now: datetime) -> tuple[int, int]:
    """Return the bytes of committed writes that are not measured yet, and of writes in progress."""
    committed, in_progress = Q(committed_change__isnull=False), Q(committed_change__isnull=True, expires_at__gt=now)
    found = DiskReservation.objects.filter(committed | in_progress, user_id=owner_id).aggregate(
        committed=Sum("size", filter=committed), in_progress=Sum("size", filter=in_progress)
    )
    return found["committed"] or 0, found["in_progress"] or 0


def targets_of_expired_writes(*, now: datetime) -> list[int]:
    """Return the targets whose writers died: their reservations expired without being committed or released."""
    expired = DiskReservation.objects.filter(committed_change__isnull=True, expires_at__lte=now)
    return list(expired.order_by("target").values_list("target", flat=True).distinct())


def over_disk_since(owner_id: int) -> datetime | None:
    """Return when a user was first found over their disk quota; None: they are within it."""
    return QuotaAccount.objects.filter(user_id=owner_id).values_list("over_disk_since", flat=True).first()


def is_disk_limited() -> bool:
    """Return True if the disk of any user is limited."""
    return registry.site().quotas.disk_gb is not None or Quota.objects.filter(disk_gb__isnull=False).exists()


def rules() -> QuotaSettings:
    """Return the quotas of the configuration, with the period of core hours and the contact."""
    return registry.site().quotas
