"""The controller's work on prepared environments: build them, record their progress, remove unused ones."""

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
RESULT_PREFIX = "uws: "
"""Prefix of the log line in which a build job reports its result."""
DONE = "done"


def process_due_environments(*, now: datetime) -> int:
    """Process due preparations; return their number."""
    _stop_unwanted(now=now)
    claimed = [row for row in due_preparations(now=now, limit=PREPARATIONS_A_PASS) if actions.claim(row, now=now)]
    for row in claimed:
        _process(row)
    return len(claimed)


def _stop_unwanted(*, now: datetime) -> None:
    """Stop build jobs whose workspace was reset or requested another environment since."""
    # Without this filter a NULL in the subquery would make NOT IN match no job at all.
    wanted = PreparedEnvironment.objects.filter(job_id__isnull=False).values("job_id")
    for job in Job.objects.filter(job_type=JOB_TYPE_OF_BUILDS, status__in=STOPPABLE).exclude(pk__in=wanted):
        with suppress(InvalidRequest):  # the job has ended meanwhile
            stop_job(job=job, now=now)


def _process(row: PreparedEnvironment) -> None:
    """Process one preparation; its errors must not stop the others."""
    try:
        if row.builder == Builder.SERVER:
            actions.advance(row, now=timezone.now())
        elif row.job_id is None:
            _start_job(row, now=timezone.now())
        else:
            _follow_job(row, now=timezone.now())
    except Exception:  # it is due again when the lease ends
        logger.exception("environment of workspace %s: preparation failed; trying again later", row.pk)


def _start_job(row: PreparedEnvironment, *, now: datetime) -> None:
    """Start a build job of the user; its row and the job are written in one transaction."""
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
            # The rollback undoes the new job; an exception would be logged as a failed preparation.
            if not actions.note_job(row, job_id=job.pk, now=now):  # another file was requested meanwhile
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
    """Return the reason why a job built nothing; empty if it succeeded. Its log is written by the user's own job."""
    if job is None:
        return "The job that built it no longer exists."
    results = [line.removeprefix(RESULT_PREFIX) for line in job.log_tail.splitlines() if line.startswith(RESULT_PREFIX)]
    # A stopped job is complete, too: only its last line says that the build reached its end.
    if job.status == JobStatus.COMPLETE and results and results[-1] == DONE:
        return ""
    return results[-1] if results and results[-1] != DONE else job.message or "The job ended without building it."


def clear_environments(*, now: datetime) -> int:
    """Remove unused prepared environments; return their number."""
    oldest = unsettled_jobs().aggregate(oldest=Min("datetime_created"))["oldest"]
    return remove_unused(now=now, oldest_job=oldest)
