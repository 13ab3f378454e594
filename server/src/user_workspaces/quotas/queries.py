"""Reading limits and what is held."""

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
from user_workspaces.quotas.values import GIBIBYTE, QuotaLimits

Limit = TypeVar("Limit", int, Decimal)
Reading = tuple[bool, Limit | None]
"""Whether there is no limit, and else the limit; (False, None) says nothing."""


def allowance_of(owner_id: int) -> QuotaLimits:
    """Return a person's limits, in one query: their own, else the most generous group's, else the site's."""
    found = list(Quota.objects.raw(_quota_sql(), [owner_id, owner_id]))
    site = registry.site().quotas
    return QuotaLimits(
        disk_bytes=_decide(found, _disk, default=_bytes(site.disk_gb)),
        core_hours=_decide(found, _core_hours, default=site.core_hours),
        running_sessions=_decide(found, _sessions, default=site.running_sessions),
    )


@cache
def _quota_sql() -> str:
    """Return the SQL of a person's quotas; to have Django make it each time costs more than anything else here."""
    members = User.groups.through._meta.db_table
    groups = f"SELECT group_id FROM {members} WHERE user_id = %s"  # noqa: S608  names of our own tables
    return f"SELECT * FROM {Quota._meta.db_table} WHERE user_id = %s OR group_id IN ({groups})"  # noqa: S608  the same


def _decide(quotas: Iterable[Quota], read: Callable[[Quota], Reading[Limit]], *, default: Limit | None) -> Limit | None:
    readings = [(quota.user_id is not None, read(quota)) for quota in quotas]
    said = [(is_own, reading) for is_own, reading in readings if reading != (False, None)]
    own = [reading for is_own, reading in said if is_own]
    heard = own or [reading for _, reading in said]
    if not heard:
        return default
    if any(is_unlimited for is_unlimited, _ in heard):
        return None
    return max(limit for _, limit in heard if limit is not None)


def _disk(quota: Quota) -> Reading[int]:
    return quota.unlimited_disk, _bytes(quota.disk_gb)


def _core_hours(quota: Quota) -> Reading[Decimal]:
    return quota.unlimited_core_hours, quota.core_hours


def _sessions(quota: Quota) -> Reading[int]:
    return quota.unlimited_sessions, quota.running_sessions


def _bytes(gigabytes: Decimal | None) -> int | None:
    return None if gigabytes is None else int(gigabytes * GIBIBYTE)


def held_disk(owner_id: int, *, now: datetime) -> int:
    """Return the bytes that are being written or are not measured yet; a writer that died is forgotten in time."""
    return sum(held_and_written(owner_id, now=now))


def held_and_written(owner_id: int, *, now: datetime) -> tuple[int, int]:
    """Return the same in two: the bytes that are written and not measured yet, and those that are being written."""
    held = DiskReservation.objects.filter(user_id=owner_id)
    counted = held.filter(Q(settled_as__isnull=False) | Q(expires_at__gt=now))
    found = counted.aggregate(
        settled=Sum("size", filter=Q(settled_as__isnull=False)), moving=Sum("size", filter=Q(settled_as__isnull=True))
    )
    return found["settled"] or 0, found["moving"] or 0


def workspaces_of_dead_writers(*, now: datetime) -> list[int]:
    """Return the places that were being written to for longer than anybody writes."""
    dead = DiskReservation.objects.filter(settled_as__isnull=True, expires_at__lte=now)
    return list(dead.order_by("target").values_list("target", flat=True).distinct())


def over_disk_since(owner_id: int) -> datetime | None:
    """Return since when a person is known to use more disk than they may."""
    return QuotaAccount.objects.filter(user_id=owner_id).values_list("over_disk_since", flat=True).first()


def is_disk_limited() -> bool:
    """Return whether disk use is limited for anybody."""
    return registry.site().quotas.disk_gb is not None or Quota.objects.filter(disk_gb__isnull=False).exists()


def rules() -> QuotaSettings:
    """Return what the site says of quotas: period, contact."""
    return registry.site().quotas
