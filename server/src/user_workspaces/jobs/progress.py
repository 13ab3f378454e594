"""How far jobs are, read for many at once: what a watcher is told of, and nothing that is secret or encrypted."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet

from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import ENDED, LIVE

NEWEST = 200
"""Of a person's jobs, so many are looked through for those that ended lately."""
LATELY = timedelta(hours=1)
MOST_IN_ONE_QUERY = 5_000
"""Databases take so many values in one condition, and somewhat more."""
COLUMNS = (
    "id",
    "owner_id",
    "owner__session_epoch",
    "resource",
    "job_type",
    "requested",
    "status",
    "serves",
    "message",
    "time_limit_seconds",
    "datetime_start",
    "datetime_ready",
    "datetime_end",
)


@dataclass(frozen=True, slots=True)
class JobProgress:
    """All that `current_job_details` is made of. Two of the same job are equal as long as nothing happens."""

    job_id: int
    owner_id: int
    epoch: int
    """The owner's session epoch, for the ticket that opens the session."""
    resource: str
    job_type: str
    requested: dict[str, Any] = field(hash=False)
    """What the launch gave: it says which page of the session is opened."""
    status: str
    serves: bool
    message: str
    time_limit_seconds: int | None
    datetime_start: datetime | None
    datetime_ready: datetime | None
    datetime_end: datetime | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing will happen any more."""
        return self.status in ENDED


def newest_job_id() -> int:
    """Return the largest id there is; 0 without any job."""
    return Job.objects.aggregate(newest=Max("id"))["newest"] or 0


def progress_of_user(owner_id: int, *, now: datetime) -> list[JobProgress]:
    """Return what a person has live, and what ended within the last hour (of the newest 200), the oldest first.

    The time it takes does not grow with what ended long ago.
    """
    own = Job.objects.filter(owner_id=owner_id)
    found = {row.job_id: row for row in _read(own.filter(status__in=LIVE).order_by("-id"))}
    for row in _read(own.order_by("-id")[:NEWEST]):
        if row.datetime_end is not None and row.datetime_end >= now - LATELY:
            found[row.job_id] = row
    return [found[job_id] for job_id in sorted(found)]


def progress_of_many(
    *, job_ids: Collection[int], owner_ids: Collection[int], after_id: int, now: datetime
) -> list[JobProgress]:
    """Return these jobs, and those of these people with a larger id than `after_id`: one query for thousands.

    What ended more than an hour ago is left out, unless it is asked for by its id.
    """
    fresh = Q(pk__gt=after_id) & (Q(datetime_end__isnull=True) | Q(datetime_end__gte=now - LATELY))
    conditions = [Q(pk__in=ids) for ids in _batches(job_ids)]
    conditions += [Q(owner_id__in=ids) & fresh for ids in _batches(owner_ids)]
    found: dict[int, JobProgress] = {}
    for condition in _paired(conditions):
        found.update((row.job_id, row) for row in _read(Job.objects.filter(condition)))
    return list(found.values())


def _read(jobs: QuerySet[Job]) -> Iterator[JobProgress]:
    return (JobProgress(*row) for row in jobs.values_list(*COLUMNS))


def _batches(ids: Collection[int]) -> Iterator[list[int]]:
    ordered = sorted(ids)
    return (ordered[start : start + MOST_IN_ONE_QUERY] for start in range(0, len(ordered), MOST_IN_ONE_QUERY))


def _paired(conditions: list[Q]) -> Iterable[Q]:
    """One query for the two conditions that there usually are; more of them one by one."""
    if len(conditions) <= 2:  # noqa: PLR2004  one or two conditions: the usual case
        return [conditions[0] | conditions[-1]] if conditions else []
    return conditions
