"""Metrics of jobs: counts by state, seconds until ready, and the lag of due jobs."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min

from user_workspaces.jobs.models import Job

LONGEST_COMMIT = timedelta(seconds=60)
"""A row may become visible this long after its `datetime_ready`, because its transaction commits later."""


@dataclass(frozen=True, slots=True)
class Group:
    """The number of jobs with the same status, type and resource."""

    status: str
    job_type: str
    resource: str
    count: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A session that became ready."""

    job_id: int
    job_type: str
    resource: str
    at: datetime
    seconds: float
    """Seconds since the launch."""


def groups() -> list[Group]:
    """Return the number of jobs by status, type and resource, in one query."""
    kinds = Job.objects.order_by("status", "job_type", "resource").values_list("status", "job_type", "resource")
    return [Group(*row) for row in kinds.annotate(Count("id"))]


def became_ready(*, since: datetime) -> list[Ready]:
    """Return the sessions that became ready at or after `since`, or up to `LONGEST_COMMIT` before it."""
    rows = Job.objects.filter(datetime_ready__gte=since - LONGEST_COMMIT).order_by("datetime_ready")
    return [
        Ready(number, job_type, resource, ready, max(0.0, (ready - created).total_seconds()))
        for number, job_type, resource, created, ready in rows.values_list(
            "id", "job_type", "resource", "datetime_created", "datetime_ready"
        )
        if ready is not None
    ]


def due_lag(*, now: datetime) -> float:
    """Return the seconds since the oldest due time of all jobs; 0 if none is due."""
    first = Job.objects.filter(next_check_at__lte=now).aggregate(first=Min("next_check_at"))["first"]
    return max(0.0, (now - first).total_seconds()) if first else 0.0
