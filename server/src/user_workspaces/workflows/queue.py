"""Whose run is next: of all people who wait the one with the fewest that run, and of theirs the one that came first."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Count, Min, Q, QuerySet

from user_workspaces.interfaces.site import JOB_TYPE_OF_RUNS
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import LIVE
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import RunStatus

TURNSTILE = 7_284_116_903
"""Any number that no other lock of this database has."""


class Line(NamedTuple):
    """What waits of one person for one resource: it stays in order."""

    owner_id: int
    resource: str
    since: datetime
    """When the first of it came."""


class Queued(NamedTuple):
    """How many runs of one person wait, and how many of them came before the one that is asked about."""

    number: int
    earlier: int


def next_run(*, now: datetime) -> UUID | None:
    """Return the id of the run that is to start next; None: none is due.

    Where the first of a line has to wait (for quota, say), those behind it do, and nobody else.
    """
    for line in in_order(_lines(), running_by_person()):
        same = _waiting().filter(owner_id=line.owner_id, resource=line.resource).order_by("datetime_queued", "id")
        first = same.values_list("pk", "next_check_at").first()
        if first is not None and first[1] is not None and first[1] <= now:
            return first[0]
    return None


def in_order(lines: Iterable[Line], running: Mapping[int, int]) -> list[Line]:
    """Return the lines as they are served: whoever has the fewest running first, then who came first. Pure."""
    return sorted(lines, key=lambda line: (running.get(line.owner_id, 0), line.since))


def ahead_of(run: Run) -> int:
    """Return how many runs start before this one, as far as can be said now."""
    if run.datetime_queued is None:
        return 0
    came_before = Q(datetime_queued__lt=run.datetime_queued) | Q(datetime_queued=run.datetime_queued, pk__lt=run.pk)
    people = _waiting().order_by().values("owner_id")
    counts = people.annotate(waiting=Count("pk"), earlier=Count("pk", filter=came_before))
    queued = {one["owner_id"]: Queued(one["waiting"], one["earlier"]) for one in counts}
    return place_of(run.owner_id, queued, running_by_person())


def place_of(owner_id: int, queued: Mapping[int, Queued], running: Mapping[int, int]) -> int:
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
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURNSTILE])


def running_by_person() -> dict[int, int]:
    """Return how many jobs of runs each person has."""
    live = Job.objects.filter(job_type=JOB_TYPE_OF_RUNS, status__in=LIVE).order_by()
    return dict(live.values_list("owner_id").annotate(Count("id")))


def _lines() -> list[Line]:
    rows = _waiting().order_by().values_list("owner_id", "resource").annotate(Min("datetime_queued"))
    return [Line(*row) for row in rows]


def _waiting() -> QuerySet[Run]:
    return Run.objects.filter(status=RunStatus.QUEUED)
