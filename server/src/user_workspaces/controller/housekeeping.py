"""Measures, deletes and cleans up workspaces, and sweeps resources for orphaned jobs."""

import logging
from datetime import datetime, timedelta

from django.utils import timezone

from user_workspaces import registry
from user_workspaces.errors import UserWorkspacesError
from user_workspaces.interfaces.resource import Resource
from user_workspaces.jobs.queries import unsettled_jobs, unsettled_keys
from user_workspaces.observability.warning_log import EXPECTED, WARNINGS
from user_workspaces.workspaces import actions
from user_workspaces.workspaces.files import measure_and_clear
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus
from user_workspaces.workspaces.queries import due_workspaces

logger = logging.getLogger(__name__)

WORKSPACES_A_PASS = 20
WAIT_FOR_JOBS = timedelta(milliseconds=500)
TRY_AGAIN = timedelta(seconds=30)


def process_due_workspaces(*, now: datetime) -> int:
    """Process due workspaces; return their number."""
    claimed = [
        workspace for workspace in due_workspaces(now=now, limit=WORKSPACES_A_PASS) if actions.claim(workspace, now=now)
    ]
    for workspace in claimed:
        _process(workspace)
    return len(claimed)


def _process(workspace: Workspace) -> None:
    """Process one workspace; its errors (a full disk, a bug) must not stop the others."""
    try:
        match workspace.status:
            case WorkspaceStatus.INITIALIZING:  # the process that created it died
                actions.remove_failed_creation(workspace)
            case WorkspaceStatus.DELETING:
                _delete(workspace)
            case _:
                measure_and_clear(workspace, now=timezone.now())
    except EXPECTED as error:  # a user's files may be in any state
        WARNINGS.warn(logger, f"workspace {workspace.pk}", error)
        actions.reschedule(workspace_id=workspace.pk, at=timezone.now() + TRY_AGAIN)
    except Exception:
        logger.exception("workspace %s: %s failed; trying again later", workspace.pk, workspace.status)
        actions.reschedule(workspace_id=workspace.pk, at=timezone.now() + TRY_AGAIN)


def _delete(workspace: Workspace) -> None:
    """Delete a workspace after its last job has ended: a running process could write removed files again."""
    if _has_unfinished_jobs(workspace):
        actions.reschedule(workspace_id=workspace.pk, at=timezone.now() + WAIT_FOR_JOBS)
    else:
        actions.finish_deletion(workspace)


def _has_unfinished_jobs(workspace: Workspace) -> bool:
    return unsettled_jobs().filter(workspace_id=workspace.pk).exists()


def check_disk_use(*, now: datetime) -> int:
    """Schedule measurements of workspaces with sessions or abandoned uploads; return their number."""
    return actions.measure_running(now=now) + actions.measure_abandoned(now=now)


def sweep_resources() -> int:
    """Stop orphaned jobs, which a crash during a submission or a restored database leaves; return their number."""
    return sum(_sweep(name, resource) for name, resource in registry.current().resources.items())


def _sweep(name: str, resource: Resource) -> int:
    """Query the resource before the database: a job that is being submitted is in the database first."""
    swept = 0
    try:
        known = resource.known_keys()
        for key in known - unsettled_keys():
            logger.warning("%s: job %s is not in the database; stopping it", name, key)
            # `stop` returns at once, and `forget` spares a job that still runs: a later sweep completes this.
            resource.stop(key)
            resource.forget(key)
            swept += 1
    except UserWorkspacesError as error:
        logger.warning("%s: cannot be swept now: %s", name, error.message)
    return swept
