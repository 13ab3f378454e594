"""Whose run is next: of all people who wait the one with the fewest that run, and of theirs the one that came first."""

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
"""Between two looks of the controller at a run."""
ADVISORY_LOCK_ID = 7_284_116_903
"""Any number that no other lock of this database has."""
MOST_PASSED_BY = 20
"""Of one line at once; behind so many it holds."""
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
    """What is first of all that waits of one person for one resource."""

    owner_id: int
    resource: str
    since: datetime
    """When it came."""
    first: UUID
    due_at: datetime
    """When it is to be tried again, where it was tried before."""

    def is_due(self, now: datetime) -> bool:
        """Say whether it may be tried; see `leasing.due`: nobody holds leases on what waits."""
        return self.due_at <= now or self.due_at > now + LONGEST_WAIT


class Queued(NamedTuple):
    """How many runs of one person wait, and how many of them came before the one that is asked about."""

    number: int
    earlier: int


def next_run(*, now: datetime) -> UUID | None:
    """Return the id of the run that is to start next; None: none is due. How many wait behind the first is no matter.

    Where the first of a line has to wait, those behind it do, and nobody else; unless it lets them pass by.
    """
    ready = [line for line in (*_lines(), *_passed_by(now)) if line.is_due(now)]
    ordered = in_order(ready, running_by_user()) if ready else []
    return ordered[0].first if ordered else None


def may_be_passed_by(run: Run) -> bool:
    """Return whether one more of its line may wait for a matter of its own: each of them is tried again and again."""
    same = Run.objects.filter(status=RunStatus.QUEUED, owner_id=run.owner_id, resource=run.resource)
    return same.filter(is_passed_by=True).exclude(pk=run.pk).count() < MOST_PASSED_BY


def in_order(lines: Iterable[QueueHead], running: Mapping[int, int]) -> list[QueueHead]:
    """Return the lines as they are served: whoever has the fewest running first, then who came first. Pure."""
    return sorted(lines, key=lambda line: (running.get(line.owner_id, 0), line.since))


def ahead_of(run: Run) -> int:
    """Return how many runs start before this one, as far as can be said now."""
    if run.datetime_queued is None:
        return 0
    came_before = Q(datetime_queued__lt=run.datetime_queued) | Q(datetime_queued=run.datetime_queued, pk__lt=run.pk)
    users = _waiting().order_by().values("owner_id")
    counts = users.annotate(waiting=Count("pk"), earlier=Count("pk", filter=came_before))
    queued = {one["owner_id"]: Queued(one["waiting"], one["earlier"]) for one in counts}
    return position_of(run.owner_id, queued, running_by_user())


def position_of(owner_id: int, queued: Mapping[int, Queued], running: Mapping[int, int]) -> int:
    """Return how many are served before one of this person's. Pure.

    The n-th that waits of somebody with m running is served when they have m + n; of several then, who came first.
    """
    level = running.get(owner_id, 0) + queued.get(owner_id, Queued(0, 0)).earlier
    before = 0
    for owner, line in queued.items():
        below = level - running.get(owner, 0)  # so many of theirs are served before they have as much
        if below >= 0:
            before += min(line.number, below) + (line.earlier > below)
    return before


def hold_queue() -> None:
    """Keep other controllers waiting until the transaction ends; in SQLite the transaction itself does."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ADVISORY_LOCK_ID])


def running_by_user() -> dict[int, int]:
    """Return how many jobs of runs each person has."""
    live = Job.objects.filter(job_type=JOB_TYPE_OF_RUNS, status__in=LIVE).order_by()
    return dict(live.values_list("owner_id").annotate(Count("id")))


def _lines() -> list[QueueHead]:
    """Return all lines: from the head of one the index leads to that of the next, past all that wait behind it."""
    heads = Run.objects.raw(_HEADS.format(runs=connection.ops.quote_name(Run._meta.db_table)))
    return _as_lines(heads)


def _passed_by(now: datetime) -> list[QueueHead]:
    """Return those that are due of the few that others pass by, each as a line of its own."""
    own = _waiting().filter(is_passed_by=True).only("owner_id", "resource", "datetime_queued", "next_check_at")
    # Each is one range of the index; with both in one condition SQLite takes another index
    far_away = own.filter(due(now=now, longest=LONGEST_WAIT), next_check_at__gt=now + LONGEST_WAIT)
    return _as_lines(own.filter(next_check_at__lte=now).union(far_away, all=True))


def _as_lines(runs: Iterable[Run]) -> list[QueueHead]:
    return [
        QueueHead(run.owner_id, run.resource, run.datetime_queued, run.pk, run.next_check_at)
        for run in runs
        if run.datetime_queued and run.next_check_at
    ]


def _waiting() -> QuerySet[Run]:
    return Run.objects.filter(status=RunStatus.QUEUED)
