"""Delete orphans: workspaces whose process was killed before it inserted the run."""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from user_workspaces.jobs.actions import delete_workspace
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus

logger = logging.getLogger(__name__)

CREATION_IS_DEAD_AFTER = timedelta(minutes=15)
"""Only one statement separates both inserts, so that an older workspace without a run is an orphan."""


def sweep_workspaces(*, now: datetime) -> int:
    """Queue orphaned workspaces for deletion; return their number.

    A slow creation is safe: both sides lock the workspace's row, and the second one sees what the first has done.
    """
    alone = _without_runs().filter(datetime_created__lt=now - CREATION_IS_DEAD_AFTER)
    return sum(_sweep(number, now=now) for number in alone.values_list("pk", flat=True))


def _without_runs() -> QuerySet[Workspace]:
    made = Workspace.objects.filter(holds_runs=True, status=WorkspaceStatus.IDLE)
    return made.filter(~Exists(Run.objects.filter(workspace_id=OuterRef("pk"))))


def _sweep(number: int, *, now: datetime) -> int:
    with transaction.atomic():
        held = Workspace.objects.select_for_update(of=("self",)).select_related("owner").filter(pk=number).first()
        if held is None or not _without_runs().filter(pk=number).exists():
            return 0
        delete_workspace(owner=held.owner, workspace_id=number, force=True, now=now)
    logger.warning("workspace %s was created for a run that was never inserted; deleting it", number)
    return 1
