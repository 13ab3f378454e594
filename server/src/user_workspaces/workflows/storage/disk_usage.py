"""What the state of runs takes on disk, the journal and the logs: it counts as its owner's, as their files do."""

from datetime import datetime

from django.db import transaction

from user_workspaces.errors import PathNotFound, UserWorkspacesError
from user_workspaces.quotas import disk
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import runs_in
from user_workspaces.workflows.storage.locations import state_of
from user_workspaces.workspaces.models import Workspace


def count_state(run: Run, *, now: datetime) -> None:
    """Count what all runs in a run's workspace have beside it; when the workspace goes, that count goes with it."""
    size = sum(_bytes_of(one) for one in runs_in(workspace_id=run.workspace_id).select_related("owner"))
    with transaction.atomic():
        if list(Workspace.objects.select_for_update().filter(pk=run.workspace_id)):
            disk.commit_beside(owner_id=run.owner_id, target=run.workspace_id, size=size, now=now)


def _bytes_of(run: Run) -> int:
    try:
        state = state_of(run)
        return state.storage.disk_usage(state.location)
    except (PathNotFound, UserWorkspacesError):
        return 0  # it has none yet, or cannot be asked now
