"""Count the state of runs, their journals and logs, as disk usage of the owner."""

from datetime import datetime

from django.db import transaction

from user_workspaces.errors import PathNotFound, UserWorkspacesError
from user_workspaces.quotas import disk
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import runs_in
from user_workspaces.workflows.storage.locations import state_of
from user_workspaces.workspaces.models import Workspace


def count_state(run: Run, *, now: datetime) -> None:
    """Count the state of all runs in a run's workspace; the count is deleted with the workspace."""
    size = sum(_bytes_of(one) for one in runs_in(workspace_id=run.workspace_id).select_related("owner"))
    with transaction.atomic():
        # Locked: a count that is written after the workspace's deletion would never be removed.
        if list(Workspace.objects.select_for_update().filter(pk=run.workspace_id)):
            disk.commit_beside(owner_id=run.owner_id, target=run.workspace_id, size=size, now=now)


def _bytes_of(run: Run) -> int:
    try:
        state = state_of(run)
        return state.storage.disk_usage(state.location)
    except (PathNotFound, UserWorkspacesError):
        return 0  # there is no state yet, or the storage is unavailable
