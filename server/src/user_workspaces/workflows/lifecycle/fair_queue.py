"""Fair queue of runs: next is the user with the fewest running runs, FIFO within a user and resource.

A *line* is the queue of one user for one resource; its first run is its head. A run that waits for a reason of its own,
such as too few core hours, is skipped: the runs behind it are tried first.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from user_workspaces.db.leases import due
from user_workspaces.interfaces.settings import JOB_TYPE_OF_RUNS
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import LIVE
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import RunStatus

LONGEST_WAIT = timedelta(hours=1)
"""The longest time between two checks of a run."""
ADVISORY_LOCK_ID = 7_284_116_903
"""Identifies the lock of the queue; any number that no other advisory lock in this database uses."""
MOST_SKIPPED = 20
"""The number of skipped runs per line. With so many the line waits, because each skipped run is tried repeatedly."""
# A loose index scan: from each head the index `run_line` is searched for the next (owner, resource), so that the cost
# grows with the number of lines and not with the number of queued runs. `DISTINCT ON` would read all of them.
# The conditions repeat those of the partial index `run_line`; databases use it for no other conditions.
_HEADS = """
WITH RECURSIVE head (id) AS (
    SELECT (
        SELECT id FROM {runs} WHERE status = 'queued' AND NOT is_passed_by
        ORDER BY owner_id, resource, datetime_queued, id LIMIT 1
    )
    UNION ALL
    SELECT (
        SELECT later.id FROM {runs} later WHERE later.status = 'queued' AND NOT later.is_passed_by
        AND (later.owner_id, later.resource) > (run.owner_id, run.resource)
        ORDER BY later.owner_id, later.resource, later.datetime_queued, later.id LIMIT 1
    )
    FROM head JOIN {runs} run ON run.id = head.id
)
SELECT run.id, run.owner_id, run.resource, run.datetime_queued, run.next_check_at
FROM head JOIN {runs} run ON run.id = head.id
"""


class QueueHead(NamedTuple):
    """The first queued run of one user for one resource."""

    owner_id: int
    resource: str
    since: datetime
    """When the run was queued."""
    first: UUID
    due_at: datetime
    """When the run may be tried (again)."""

    def is_due(self, now: datetime) -> bool:
        """Return whether the run may be tried now; as `db.leases.due`, but queued runs have no leases."""
        return self.due_at <= now or self.due_at > now + LONGEST_WAIT


class QueueCounts(NamedTuple):
    """The number of a user's queued runs, and how many of them were queued before a given run."""

    number: int
    earlier: int


def next_run(*, now: datetime) -> UUID | None:
    """Return the ID of the run to start next; None if none is due.

    If the head of a line has to wait, so does the rest of that line, unless the head is skipped. Other lines go on.
    """
    ready = [line for line in (*_lines(), *_skipped(now)) if line.is_due(now)]
    ordered = in_order(ready, running_by_user()) if ready else []
    return ordered[0].first if ordered else None


def may_be_skipped(run: Run) -> bool:
    """Return whether the line of this run has fewer than the most skipped runs."""
    same = Run.objects.filter(status=RunStatus.QUEUED, owner_id=run.owner_id, resource=run.resource)
    return same.filter(is_passed_by=True).exclude(pk=run.pk).count() < MOST_SKIPPED


def in_order(lines: Iterable[QueueHead], running: Mapping[int, int]) -> list[QueueHead]:
    """Return the lines in their order: fewest running runs of the user first, then longest waiting. Pure."""
    return sorted(lines, key=lambda line: (running.get(line.owner_id, 0), line.since))


def ahead_of(run: Run) -> int:
    """Return the number of runs that start before this one, by the current state of the queue."""
    if run.datetime_queued is None:
        return 0
    queued_before = Q(datetime_queued__lt=run.datetime_queued) | Q(datetime_queued=run.datetime_queued, pk__lt=run.pk)
    users = _waiting().order_by().values("owner_id")
    counts = users.annotate(waiting=Count("pk"), earlier=Count("pk", filter=queued_before))
    queued = {one["owner_id"]: QueueCounts(one["waiting"], one["earlier"]) for one in counts}
    return position_of(run.owner_id, queued, running_by_user())


def position_of(owner_id: int, queued: Mapping[int, QueueCounts], running: Mapping[int, int]) -> int:
    """Return the number of runs that start before one of this user. Pure.

    The n-th queued run of a user with m running runs starts at level m + n; within a level, the first queued.
    """
    level = running.get(owner_id, 0) + queued.get(owner_id, QueueCounts(0, 0)).earlier
    before = 0
    for owner, line in queued.items():
        below = level - running.get(owner, 0)  # this many of the owner's runs start at lower levels
        if below >= 0:
            # One more at the same level, if it was queued before the given run.
            before += min(line.number, below) + (line.earlier > below)
    return before


def lock_queue() -> None:
    """Lock the queue against other controllers until the transaction ends."""
    if connection.vendor == "postgresql":  # SQLite: an immediate transaction excludes other writers already
        with connection.cursor() as cursor:
            # No row can be locked here: two controllers could find different heads and exceed the limit together.
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK_ID])


def running_by_user() -> dict[int, int]:
    """Return the number of live run jobs by user."""
    live = Job.objects.filter(job_type=JOB_TYPE_OF_RUNS, status__in=LIVE).order_by()
    return dict(live.values_list("owner_id").annotate(Count("id")))


def _lines() -> list[QueueHead]:
    """Return the heads of all lines that are not skipped."""
    heads = Run.objects.raw(_HEADS.format(runs=connection.ops.quote_name(Run._meta.db_table)))
    return _as_lines(heads)


def _skipped(now: datetime) -> list[QueueHead]:
    """Return the due skipped runs, each as the head of a line of its own."""
    own = _waiting().filter(is_passed_by=True).only("owner_id", "resource", "datetime_queued", "next_check_at")
    # Two queries, each on one range of `run_passed_by`: with one OR condition SQLite would choose another index.
    far_away = own.filter(due(now=now, longest=LONGEST_WAIT), next_check_at__gt=now + LONGEST_WAIT)
    # UNION ALL skips the search for duplicates; there are none, as the ranges do not overlap.
    return _as_lines(own.filter(next_check_at__lte=now).union(far_away, all=True))


def _as_lines(runs: Iterable[Run]) -> list[QueueHead]:
    return [
        QueueHead(run.owner_id, run.resource, run.datetime_queued, run.pk, run.next_check_at)
        for run in runs
        if run.datetime_queued and run.next_check_at
    ]


def _waiting() -> QuerySet[Run]:
    return Run.objects.filter(status=RunStatus.QUEUED)
