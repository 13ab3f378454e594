"""Whose run is next: of all people who wait the one with the fewest that run, and of theirs the one that came first."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection
from django.db.models import Count

from user_workspaces.interfaces.site import JOB_TYPE_OF_RUNS
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import LIVE
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import RunStatus

TURNSTILE = 7_284_116_903
"""Any number that no other lock of this database has."""


class Waiting(NamedTuple):
    """A run in the queue, as far as it is needed to find out who is next."""

    run_id: UUID
    owner_id: int
    resource: str
    due: datetime | None


def in_order(queue: Iterable[Waiting], running: Mapping[int, int]) -> list[Waiting]:
    """Return the queue in the order in which it is served. Pure.

    `queue` is in order of arrival, `running` says how many each person has. Whoever has the fewest is next, of those
    the one that came first: so the n-th of somebody with m running stands beside everybody's who will have m + n then.
    """
    seen = Counter[int]()
    keyed = list[tuple[int, int, Waiting]]()
    for place, one in enumerate(queue):
        keyed.append((running.get(one.owner_id, 0) + seen[one.owner_id], place, one))
        seen[one.owner_id] += 1
    return [one for _, _, one in sorted(keyed, key=lambda item: item[:2])]


def first_due(queue: Iterable[Waiting], *, now: datetime) -> UUID | None:
    """Return the first that is due. Pure.

    One who has to wait (for quota, say) keeps those of the same person behind it on its resource waiting, for they
    stay in order; and nobody else.
    """
    kept = set[tuple[int, str]]()
    for one in queue:
        line = one.owner_id, one.resource
        if line not in kept and one.due is not None and one.due <= now:
            return one.run_id
        kept.add(line)
    return None


def next_run(*, now: datetime) -> UUID | None:
    """Return the id of the run that is to start next; None: none is due."""
    return first_due(in_order(_queue(), running_by_person()), now=now)


def ahead_of(run: Run) -> int:
    """Return how many runs start before this one, as far as can be said now."""
    order = in_order(_queue(), running_by_person())
    return next((place for place, one in enumerate(order) if one.run_id == run.pk), 0)


def hold_queue() -> None:
    """Keep other controllers waiting until the transaction ends; in SQLite the transaction itself does."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TURNSTILE])


def running_by_person() -> dict[int, int]:
    """Return how many jobs of runs each person has."""
    live = Job.objects.filter(job_type=JOB_TYPE_OF_RUNS, status__in=LIVE).order_by()
    return dict(live.values_list("owner_id").annotate(Count("id")))


def _queue() -> list[Waiting]:
    rows = Run.objects.filter(status=RunStatus.QUEUED).order_by("datetime_queued", "id")
    return [Waiting(*row) for row in rows.values_list("id", "owner_id", "resource", "next_check_at")]
