"""Queries on runs."""

from collections.abc import Collection

from django.db.models import Count, Q, QuerySet

from user_workspaces.accounts.models import User
from user_workspaces.db.raw_lists import PerOwnerQuery
from user_workspaces.db.search import contains
from user_workspaces.errors import NotFound
from user_workspaces.workflows.models import Run, Secret
from user_workspaces.workflows.run_names import Reference, parse_reference
from user_workspaces.workflows.status import GOING, RunStatus
from user_workspaces.workspaces.models import Workspace

MISSING = (
    "REANA_WORKON is set to {name}, but that workflow does not exist. Please set your REANA_WORKON environment "
    "variable appropriately."
)

MOST_WORDS = 8
NEWEST = ("-datetime_created", "-id")
ORDER = {"oldest": ("datetime_created", "id"), "name": ("name", "-major", "-minor")}


def runs_of(user: User) -> QuerySet[Run]:
    """Return a user's runs, newest first, including deleted ones."""
    return _listed(user.pk)


def _listed(owner_id: int) -> QuerySet[Run]:
    return Run.objects.filter(owner_id=owner_id).order_by(*NEWEST)


LISTED = PerOwnerQuery(_listed)
"""The same query, for reading raw rows."""


def find_run(*, user: User, named: str) -> Run:
    """Return a user's run by ID or name; raises `NotFound`, also for a run of another user."""
    reference = parse_reference(named)
    found = _matching(user, reference).select_related("owner", "job", "session").first() if reference else None
    if found is None:
        raise NotFound(MISSING.format(name=named[:300]))
    return found


def _matching(user: User, reference: Reference) -> QuerySet[Run]:
    own = Run.objects.filter(owner=user)
    if reference.run_id is not None:
        return own.filter(Q(pk=reference.run_id))
    named = own.filter(name=reference.name)
    if reference.number is None:
        return named.exclude(status=RunStatus.DELETED).order_by("-major", "-minor")
    return named.filter(major=reference.number[0], minor=reference.number[1])


def workspace_of(run: Run) -> Workspace:
    """Return the workspace of a run; raises `NotFound` if it is deleted."""
    found = Workspace.objects.select_related("owner").filter(pk=run.workspace_id, owner_id=run.owner_id).first()
    if found is None or run.status == RunStatus.DELETED:
        raise NotFound(f"The workspace of {run.full_name} is deleted.")
    return found


def runs_in(*, workspace_id: int) -> QuerySet[Run]:
    """Return the runs in a workspace that are not deleted."""
    return Run.objects.filter(workspace_id=workspace_id).exclude(status=RunStatus.DELETED)


def secrets_of(user: User) -> QuerySet[Secret]:
    """Return a user's secrets, ordered by name."""
    return Secret.objects.filter(owner=user).order_by("name")


def listed_runs(user: User, *, search: str, statuses: Collection[RunStatus], sorting: str = "") -> QuerySet[Run]:
    """Return a user's runs for a list: names contain every word of `search`; long columns are deferred.

    `sorting`: `oldest`, `name`, or anything else for the newest first.
    """
    found = Run.objects.filter(owner=user, status__in=statuses).order_by(*ORDER.get(sorting, NEWEST))
    for word in search.split()[:MOST_WORDS]:
        # PostgreSQL rejects a NUL in a value; no name contains one.
        found = found.filter(contains(word.replace("\0", ""), "name"))
    return found.defer("specification", "kept_logs")


def counts_by_status(user: User) -> dict[RunStatus, int]:
    """Return the numbers of a user's live runs by status."""
    going = Run.objects.filter(owner=user, status__in=GOING).order_by()
    return {RunStatus(status): number for status, number in going.values_list("status").annotate(Count("id"))}
