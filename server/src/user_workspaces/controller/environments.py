"""The controller's work on prepared environments: have them built, write down how far they are, remove unused ones."""

import logging
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import Min
from django.utils import timezone

from user_workspaces.environments import actions
from user_workspaces.environments.expiry import remove_unused
from user_workspaces.environments.models import Builder, PreparedEnvironment
from user_workspaces.environments.queries import due_preparations
from user_workspaces.errors import InvalidRequest, UserWorkspacesError
from user_workspaces.interfaces.settings import JOB_TYPE_OF_BUILDS
from user_workspaces.jobs.actions import LaunchRequest, start_job, stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import unsettled_jobs
from user_workspaces.jobs.status import LIVE, STOPPABLE, JobStatus

logger = logging.getLogger(__name__)

PREPARATIONS_A_PASS = 20
SAID = "uws: "
"""What a line in the log of a job begins with that says how it ended."""
DONE = "done"


def process_due_environments(*, now: datetime) -> int:
    """Do what is due on preparations; return how many there were."""
    _stop_unwanted(now=now)
    claimed = [row for row in due_preparations(now=now, limit=PREPARATIONS_A_PASS) if actions.claim(row, now=now)]
    for row in claimed:
        _process(row)
    return len(claimed)


def _stop_unwanted(*, now: datetime) -> None:
    """Stop jobs whose workspace was reset or asked for something else: they would make what nobody wants any more."""
    wanted = PreparedEnvironment.objects.filter(job_id__isnull=False).values("job_id")
    for job in Job.objects.filter(job_type=JOB_TYPE_OF_BUILDS, status__in=STOPPABLE).exclude(pk__in=wanted):
        with suppress(InvalidRequest):  # it has ended in this moment
            stop_job(job=job, now=now)


def _process(row: PreparedEnvironment) -> None:
    """A surprise with one environment must not stop the others."""
    try:
        if row.builder == Builder.SERVER:
            actions.advance(row, now=timezone.now())
        elif row.job_id is None:
            _start_job(row, now=timezone.now())
        else:
            _follow_job(row, now=timezone.now())
    except Exception:  # whatever it was, it is logged, and tried again when the lease is over
        logger.exception("environment of workspace %s: it cannot be prepared now; trying again later", row.pk)


def _start_job(row: PreparedEnvironment, *, now: datetime) -> None:
    """Have a job of the user's build; the row and the job are written together, or neither."""
    launch = LaunchRequest(
        owner=row.workspace.owner,
        workspace_id=row.workspace.pk,
        job_type=JOB_TYPE_OF_BUILDS,
        job_details={"kind": row.builder, "file": row.file},
        is_listed=False,
    )
    try:
        with transaction.atomic():
            job = start_job(launch, now=now)
            if not actions.note_job(row, job_id=job.pk, now=now):  # another file was asked for: there is to be no job
                transaction.set_rollback(True)
    except UserWorkspacesError as error:
        actions.finish_job(row, problem=error.message, now=now)


def _follow_job(row: PreparedEnvironment, *, now: datetime) -> None:
    job = Job.objects.filter(pk=row.job_id or 0).first()
    if job is not None and job.status in LIVE:
        actions.wait_for_job(row, now=now)
    else:
        actions.finish_job(row, problem=_problem_of(job), now=now)


def _problem_of(job: Job | None) -> str:
    """Return why an ended job made nothing; empty: it did. What is printed is the user's own to believe."""
    if job is None:
        return "The job that made it is gone."
    said = [line.removeprefix(SAID) for line in job.log_tail.splitlines() if line.startswith(SAID)]
    if job.status == JobStatus.COMPLETE and said and said[-1] == DONE:
        return ""
    return said[-1] if said and said[-1] != DONE else job.message or "The job that made it has ended without it."


def clear_environments(*, now: datetime) -> int:
    """Remove prepared environments that nothing uses; return how many there were."""
    oldest = unsettled_jobs().aggregate(oldest=Min("datetime_created"))["oldest"]
    return remove_unused(now=now, oldest_job=oldest)
