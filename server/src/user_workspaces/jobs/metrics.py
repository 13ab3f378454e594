"""Jobs in figures, for operators: how many in which state, how long they took to be ready, what is overdue."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min

from user_workspaces.jobs.models import Job

LONGEST_COMMIT = timedelta(seconds=60)
"""A job may become visible so much later than the moment that it says it was ready at."""


@dataclass(frozen=True, slots=True)
class Group:
    """Jobs that have the same state, type and resource."""

    status: str
    job_type: str
    resource: str
    count: int


@dataclass(frozen=True, slots=True)
class Ready:
    """A session that answered."""

    job_id: int
    job_type: str
    resource: str
    at: datetime
    seconds: float
    """From the launch."""


def groups() -> list[Group]:
    """Return how many jobs there are of each kind, in one query."""
    kinds = Job.objects.order_by("status", "job_type", "resource").values_list("status", "job_type", "resource")
    return [Group(*row) for row in kinds.annotate(Count("id"))]


def became_ready(*, since: datetime) -> list[Ready]:
    """Return the jobs that answered for the first time at or after a moment, up to a minute before it."""
    rows = Job.objects.filter(datetime_ready__gte=since - LONGEST_COMMIT).order_by("datetime_ready")
    return [
        Ready(number, job_type, resource, ready, max(0.0, (ready - created).total_seconds()))
        for number, job_type, resource, created, ready in rows.values_list(
            "id", "job_type", "resource", "datetime_created", "datetime_ready"
        )
        if ready is not None
    ]


def due_lag(*, now: datetime) -> float:
    """Return for how many seconds the longest due job has been waiting for a controller; 0: none is due."""
    first = Job.objects.filter(next_check_at__lte=now).aggregate(first=Min("next_check_at"))["first"]
    return max(0.0, (now - first).total_seconds()) if first else 0.0
