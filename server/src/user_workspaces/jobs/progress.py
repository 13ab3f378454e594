"""Read the progress of many jobs at once for subscribers, without secret or encrypted columns."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Q, QuerySet

from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import ENDED, LIVE

NEWEST = 200
"""The number of a user's newest jobs that are searched for recently ended ones."""
LATELY = timedelta(hours=1)
MOST_IN_ONE_QUERY = 5_000
"""Values in one IN condition; the limits of SQLite and PostgreSQL are somewhat larger."""
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
    """The columns that `current_job_details` is computed from. Equal values mean that nothing has changed."""

    job_id: int
    owner_id: int
    epoch: int
    """The owner's session epoch, for the ticket that opens the session."""
    resource: str
    job_type: str
    requested: dict[str, Any] = field(hash=False)  # a dict has no hash; comparisons still include it
    """See `Job.requested`; it determines the start page of the session."""
    status: str
    serves: bool
    message: str
    time_limit_seconds: int | None
    datetime_start: datetime | None
    datetime_ready: datetime | None
    datetime_end: datetime | None

    @property
    def has_ended(self) -> bool:
        """True if the job has ended."""
        return self.status in ENDED


def newest_job_id() -> int:
    """Return the largest job id; 0 if there are no jobs."""
    return Job.objects.aggregate(newest=Max("id"))["newest"] or 0


def progress_of_user(owner_id: int, *, now: datetime) -> list[JobProgress]:
    """Return a user's live jobs, and those of the newest 200 that ended within the last hour; oldest first.

    The cost does not grow with the number of jobs that ended earlier.
    """
    own = Job.objects.filter(owner_id=owner_id)
    # Two queries with an index each. A live job may be older than the newest 200, and an OR would read all jobs.
    found = {row.job_id: row for row in _read(own.filter(status__in=LIVE).order_by("-id"))}
    for row in _read(own.order_by("-id")[:NEWEST]):
        if row.datetime_end is not None and row.datetime_end >= now - LATELY:
            found[row.job_id] = row
    return [found[job_id] for job_id in sorted(found)]


def progress_of_many(
    *, job_ids: Collection[int], owner_ids: Collection[int], after_id: int, now: datetime
) -> list[JobProgress]:
    """Return these jobs, and the jobs of these owners with an id above `after_id`, in one query for thousands.

    Jobs of the owners that ended more than an hour ago are omitted.
    """
    fresh = Q(pk__gt=after_id) & (Q(datetime_end__isnull=True) | Q(datetime_end__gte=now - LATELY))
    conditions = [Q(pk__in=ids) for ids in _batches(job_ids)]
    conditions += [Q(owner_id__in=ids) & fresh for ids in _batches(owner_ids)]
    # The conditions overlap: a job may match by its ID and by its owner.
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
    """Combine the usual two conditions into one query; more of them (see `MOST_IN_ONE_QUERY`) get a query each."""
    if len(conditions) <= 2:  # noqa: PLR2004  one or two conditions: the usual case
        return [conditions[0] | conditions[-1]] if conditions else []
    return conditions
