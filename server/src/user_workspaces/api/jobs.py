"""`/jobs/`: what runs and what ran."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.models import User
from user_workspaces.accounts.scopes import Scope
from user_workspaces.api.caller import caller
from user_workspaces.api.envelope import answer, filtered, page
from user_workspaces.api.job_shapes import JOB_STATUSES, JobShape
from user_workspaces.api.openapi import LIMIT, OFFSET, describe, number, page_of, text
from user_workspaces.api.permissions import has_scope
from user_workspaces.api.rows import json, moment, raw_rows
from user_workspaces.errors import InvalidRequest
from user_workspaces.jobs.actions import stop_job
from user_workspaces.jobs.describe import current_details
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.progress import Progress
from user_workspaces.jobs.queries import find_job, jobs_of, used_core_hours
from user_workspaces.jobs.status import ENDED, JobStatus

NONE_FOUND = "Job matching given parameters could not be found."


class JobRow(NamedTuple):
    """What is shown of a job, by the names of its columns; read for many at once."""

    id: int
    workspace_id: int
    resource_job_id: int
    job_type: str
    status: str
    core_hours: Decimal | float
    resource: str
    serves: bool
    cpus: int
    message: str
    time_limit_seconds: int | None
    requested: object
    datetime_created: datetime
    datetime_start: datetime | None
    datetime_ready: datetime | None
    datetime_end: datetime | None


def job_rows(jobs: QuerySet[Job]) -> Iterator[JobRow]:
    """Read them, and nothing that is secret or long."""
    for row in raw_rows(jobs, JobRow._fields):
        *plain, requested, created, start, ready, end = row
        yield JobRow._make((*plain, json(requested), moment(created), moment(start), moment(ready), moment(end)))


def describe_job(job: Job | JobRow, *, user: User, now: datetime, may_open: bool = True) -> dict[str, object]:
    """Return a job as clients know it; a session that answers comes with a fresh ticket for this person.

    Without `may_open` there is no ticket: it opens the session, and that is more than to look.
    """
    return {
        "id": job.id,
        "workspace_id": job.workspace_id,
        "resource_job_id": job.resource_job_id,
        "job_type": job.job_type,
        "status": job.status,
        "datetime_created": job.datetime_created,
        "datetime_start": job.datetime_start,
        "datetime_end": job.datetime_end,
        "core_hours": _core_hours(job, now=now),
        "job_details": {
            "metrics": _metrics(job),
            "request_job_details": job.requested,
            "current_job_details": _current(job, user, now=now, may_open=may_open),
        },
    }


def _current(job: Job | JobRow, owner: User, *, now: datetime, may_open: bool) -> dict[str, object]:
    if job.status in ENDED:  # thousands of these are in a list: what else there is to tell is for those that live
        return {"message": job.message}
    progress = Progress(
        job_id=job.id,
        owner_id=owner.pk,
        epoch=owner.session_epoch,
        resource=job.resource,
        status=job.status,
        serves=job.serves,
        message=job.message,
        time_limit_seconds=job.time_limit_seconds,
        datetime_start=job.datetime_start,
        datetime_ready=job.datetime_ready,
        datetime_end=job.datetime_end,
    )
    return current_details(progress, now=now, may_open=may_open)


def _core_hours(job: Job | JobRow, *, now: datetime) -> str:
    """Return what `core_hours` does, for a row and for many of them."""
    if job.status in ENDED or job.datetime_start is None:
        return f"{job.core_hours:.5f}"
    return str(used_core_hours(cpus=job.cpus, start=job.datetime_start, end=now))


def _metrics(job: Job | JobRow) -> dict[str, float]:
    metrics = {}
    if job.datetime_start:
        metrics["time_pending"] = max(0.0, (job.datetime_start - job.datetime_created).total_seconds())
        if job.datetime_ready:
            metrics["time_init"] = max(0.0, (job.datetime_ready - job.datetime_start).total_seconds())
    return metrics


def _describe(request: Request, rows: QuerySet[Job]) -> list[dict[str, object]]:
    user, now, may_open = caller(request), timezone.now(), has_scope(request, Scope.SESSIONS)
    return [describe_job(job, user=user, now=now, may_open=may_open) for job in job_rows(rows)]


class Jobs(APIView):
    """The list."""

    scope = Scope.SESSIONS

    @describe(
        data=page_of("jobs", JobShape),
        query=(
            number("workspace_id"),
            number("resource_job_id"),
            text("job_type"),
            text("status", choices=JOB_STATUSES),
            LIMIT,
            OFFSET,
        ),
    )
    def get(self, request: Request) -> Response:
        """List the caller's own; four filters, all exact."""
        rows = filtered(
            jobs_of(caller(request)),
            request,
            texts=("job_type", "status"),
            numbers=("workspace_id", "resource_job_id"),
        )
        return page(rows, request, key="jobs", empty=NONE_FOUND, shape=lambda rows: _describe(request, rows))


class OneJob(APIView):
    """One job."""

    scope = Scope.SESSIONS

    @describe(data=page_of("jobs", JobShape))
    def get(self, request: Request, job_id: int) -> Response:
        """Return it as a list of one or none."""
        rows = jobs_of(caller(request)).filter(pk=job_id)
        return page(rows, request, key="jobs", empty=NONE_FOUND, shape=lambda rows: _describe(request, rows))


class JobVerb(APIView):
    """What can be done with a job."""

    scope = Scope.SESSIONS

    @describe()
    def put(self, request: Request, job_id: int, verb: str) -> Response:
        """Stop it."""
        if verb != "stop":
            raise InvalidRequest("Invalid PUT type passed.")
        status = stop_job(job=find_job(user=caller(request), job_id=job_id), now=timezone.now())
        return answer("Successful stop." if status is JobStatus.COMPLETE else "Job queued to stop.")
