"""Quotas on the pages: the texts in the top bar, and the core hours that a launch would use."""

import math
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from user_workspaces.interfaces.settings import ServerSettings
from user_workspaces.interfaces.sizes import size_text
from user_workspaces.jobs.quota_check import core_hour_usage, cost_of, overview_of
from user_workspaces.jobs.resource_options import LARGEST, parameter_for
from user_workspaces.quotas.messages import disk_is_over, format_number
from user_workspaces.quotas.queries import allowance_of, disk_usage_of, rules
from user_workspaces.quotas.values import GIBIBYTE, Overview

SECONDS_A_MINUTE = 60


@dataclass(frozen=True, slots=True)
class QuotaText:
    """A short text about one quota."""

    text: str
    is_over: bool


@dataclass(frozen=True, slots=True)
class QuotaBar:
    """The quotas in the top bar: one text each, and a warning if the disk quota is exceeded."""

    texts: tuple[QuotaText, ...]
    warning: str


@dataclass(frozen=True, slots=True)
class LaunchCost:
    """The core hours of a launch; `cpus` and `minutes` name the parameters that they are computed from."""

    needs: str
    left: str
    cpus: str
    minutes: str
    is_too_much: bool


def bar_of(owner_id: int, *, now: datetime) -> QuotaBar:
    """Return the quotas of a user for the bar; empty if launches are not limited."""
    allowance = allowance_of(owner_id)
    # Pages of unlimited users need no query for their usage.
    if not allowance.limits_launches:
        return QuotaBar(texts=(), warning="")
    overview = overview_of(owner_id, allowance=allowance, now=now)
    warning = disk_is_over(overview.disk, contact=rules().contact).message if overview.disk.is_over else ""
    return QuotaBar(texts=tuple(_texts(overview)), warning=warning)


def disk_left(owner_id: int, *, now: datetime) -> int | None:
    """Return the disk space in bytes that a user may still use; None if it is not limited."""
    limit = allowance_of(owner_id).disk_bytes
    return None if limit is None else disk_usage_of(owner_id, limit=limit, now=now).left


def _texts(overview: Overview) -> list[QuotaText]:
    disk, hours, sessions = overview.disk, overview.core_hours, overview.running_sessions
    texts = []
    if disk.limit is not None:
        texts.append(QuotaText(f"disk {_of(disk.taken, disk.limit)}", disk.is_over))
    if hours.limit is not None:
        texts.append(QuotaText(f"{format_number(hours.taken)} of {format_number(hours.limit)} core h", hours.is_over))
    if sessions.limit is not None:
        texts.append(QuotaText(f"{sessions.taken} of {sessions.limit} sessions", sessions.is_over))
    return texts


def _of(taken: int, limit: int) -> str:
    """Format as `12 of 50 GiB`; amounts below 1 GiB get their own units."""
    # One unit for both numbers, unless the smaller one would be rounded to 0.
    if limit >= GIBIBYTE and (taken >= GIBIBYTE or not taken):
        return f"{tenths(taken)} of {tenths(limit)} GiB"
    return f"{size_text(taken)} of {size_text(limit)}"


def tenths(number: int) -> str:
    """Format bytes in GiB with one decimal place."""
    return format_number((Decimal(number) / GIBIBYTE).quantize(Decimal("0.1")))


def cost_of_launch(
    owner_id: int, *, site: ServerSettings, resource: str, options: dict[str, object], now: datetime
) -> LaunchCost | None:
    """Return the core hours that a launch with these options uses; None if they are not limited."""
    allowance = allowance_of(owner_id)
    if allowance.core_hours is None or resource not in site.resources:
        return None
    hours = core_hour_usage(owner_id, allowance=allowance, now=now).core_hours
    cpus = parameter_for("num_cpus", site, resource=resource)
    minutes = parameter_for("time_limit_min", site, resource=resource)
    needs = cost_of(cpus=_number(options.get(cpus)), seconds=_number(options.get(minutes), 0) * SECONDS_A_MINUTE)
    return LaunchCost(
        needs=format_number(needs),
        left=format_number(hours.left or Decimal(0)),
        cpus=cpus,
        minutes=minutes,
        is_too_much=not hours.fits(needs),
    )


def _number(value: object, default: int = 1) -> int:
    """Parse a number of a form field, whose text may still be incomplete."""
    try:
        # `ceil` raises OverflowError for infinity and ValueError for NaN, which `float` accepts.
        return min(max(0, math.ceil(float(str(value)))), LARGEST)
    except (ValueError, OverflowError):
        return default
