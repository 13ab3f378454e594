"""Check the quotas of launches. Usage is computed from the job rows, so that there are no bookings to correct.

A live job reserves the most that it can use. The UPDATE that ends it writes its real usage, which counts from then on.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Min, Q, QuerySet, Sum

from user_workspaces import registry
from user_workspaces.interfaces.values import Limits
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import FIFTH_DECIMAL, SECONDS_AN_HOUR, core_hours
from user_workspaces.jobs.resource_options import parameter_for
from user_workspaces.jobs.status import LIVE
from user_workspaces.quotas.accounts import lock_account
from user_workspaces.quotas.messages import core_hours_exceeded, disk_is_over, sessions_exceeded, time_limit_needed
from user_workspaces.quotas.queries import allowance_of, disk_usage_of, rules
from user_workspaces.quotas.values import Overview, QuotaLimits, Usage


@dataclass(frozen=True, slots=True)
class CoreHourUsage:
    """A user's usage of core hours and sessions."""

    core_hours: Usage[Decimal]
    sessions: Usage[int]


def reserve_launch(*, owner_id: int, resource: str, limits: Limits, now: datetime) -> None:
    """Check that one more job fits; raises `QuotaExceeded`.

    Locks the account until the transaction ends, so that concurrent launches cannot exceed the quota together.
    """
    allowance = allowance_of(owner_id)
    if not allowance.limits_launches:
        return
    lock_account(owner_id)  # before reading the usage, so that nothing is added to it until the commit
    contact = rules().contact
    disk = disk_usage_of(owner_id, limit=allowance.disk_bytes, now=now)
    if disk.is_over:
        raise disk_is_over(disk, contact=contact)
    usage = core_hour_usage(owner_id, allowance=allowance, now=now)
    if not usage.sessions.fits(1):
        raise sessions_exceeded(usage.sessions, contact=contact)
    if allowance.core_hours is None:
        return
    if limits.time_limit_seconds is None:
        parameter = parameter_for("time_limit_min", registry.site(), resource=resource)
        raise time_limit_needed(parameter, contact=contact)
    _check_core_hours(owner_id, usage.core_hours, cost_of(cpus=limits.cpus, seconds=limits.time_limit_seconds), now)


def _check_core_hours(owner_id: int, usage: Usage[Decimal], wanted: Decimal, now: datetime) -> None:
    if usage.fits(wanted):
        return
    site = rules()
    missing = usage.taken + wanted - (usage.limit or 0)
    enough_at = _enough_at(owner_id, missing=missing, now=now)
    raise core_hours_exceeded(usage, wanted, period=site.core_hours_period, enough_at=enough_at, contact=site.contact)


def cost_of(*, cpus: int, seconds: int) -> Decimal:
    """Return the most core hours that a job can use."""
    return (Decimal(cpus * seconds) / SECONDS_AN_HOUR).quantize(FIFTH_DECIMAL)


def core_hour_usage(owner_id: int, *, allowance: QuotaLimits, now: datetime) -> CoreHourUsage:
    """Return a user's current usage, in two queries."""
    live = list(_live(owner_id))
    held = sum((_held(job, now=now) for job in live), Decimal(0))
    # Summed in the database: a user may have thousands of ended jobs, but only a few live ones.
    counted = _counted(owner_id, now=now).aggregate(used=Sum("core_hours"), oldest=Min("datetime_end"))
    frees_at = counted["oldest"] + rules().core_hours_period if counted["oldest"] else None
    ends = [
        job.datetime_start + timedelta(seconds=job.time_limit_seconds)
        for job in live
        if job.datetime_start and job.time_limit_seconds is not None
    ]
    return CoreHourUsage(
        core_hours=Usage(allowance.core_hours, counted["used"] or Decimal(0), held, frees_at),
        sessions=Usage(allowance.running_sessions, len(live), 0, min(ends, default=None)),
    )


def overview_of(owner_id: int, *, allowance: QuotaLimits, now: datetime) -> Overview:
    """Return a user's usage of all quotas, in a fixed number of queries."""
    usage = core_hour_usage(owner_id, allowance=allowance, now=now)
    disk = disk_usage_of(owner_id, limit=allowance.disk_bytes, now=now)
    return Overview(disk=disk, core_hours=usage.core_hours, running_sessions=usage.sessions)


def _live(owner_id: int) -> QuerySet[Job]:
    # Live jobs have no end: the redundant condition lets `job_of_owner_by_end` find them among thousands.
    jobs = Job.objects.filter(owner_id=owner_id, datetime_end__isnull=True, status__in=LIVE)
    return jobs.only("cpus", "time_limit_seconds", "datetime_start", "start_mark", "status", "core_hours")


def _counted(owner_id: int, *, now: datetime) -> QuerySet[Job]:
    since = now - rules().core_hours_period
    return Job.objects.filter(Q(core_hours__gt=0), owner_id=owner_id, datetime_end__gt=since)


def _held(job: Job, *, now: datetime) -> Decimal:
    """Return the most core hours that a live job can use; without a time limit, those used so far."""
    used = core_hours(job, now=now)
    if job.time_limit_seconds is None:
        return used
    return max(used, cost_of(cpus=job.cpus, seconds=job.time_limit_seconds))


def _enough_at(owner_id: int, *, missing: Decimal, now: datetime) -> datetime | None:
    """Return when `missing` core hours no longer count; None if live jobs have to end first."""
    ended = _counted(owner_id, now=now).order_by("datetime_end").values_list("datetime_end", "core_hours")
    # Streamed: the loop may end long before the last of thousands of rows.
    for end, hours in ended.iterator():
        missing -= hours
        if missing <= 0 and end is not None:
            return end + rules().core_hours_period
    return None
