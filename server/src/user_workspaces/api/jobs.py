"""`/jobs/`: the caller's jobs."""

from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, NamedTuple

import orjson
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.models import User
from user_workspaces.accounts.scopes import Scope
from user_workspaces.api import objects
from user_workspaces.api.objects import JOB_STATUSES, JobSerializer
from user_workspaces.api.openapi import LIMIT, OFFSET, describe, number, page_of, text
from user_workspaces.api.permissions import has_scope
from user_workspaces.api.request_user import caller
from user_workspaces.api.responses import filters_in, raw_page, success
from user_workspaces.db.raw_lists import Condition, RawRow, iso, json, moment
from user_workspaces.errors import InvalidRequest
from user_workspaces.jobs.actions import stop_job
from user_workspaces.jobs.describe import current_details
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.progress import JobProgress
from user_workspaces.jobs.queries import LISTED, find_job, jobs_of, used_core_hours
from user_workspaces.jobs.status import ENDED, JobStatus

NONE_FOUND = "Job matching given parameters could not be found."


class JobRow(NamedTuple):
    """The columns of a job that a response needs; none of them is secret or long."""

    # The first column, by which `describe_jobs` separates ended jobs from the others.
    status: str
    id: int
    workspace_id: int
    resource_job_id: int
    job_type: str
    core_hours: Decimal | float
    message: str
    requested: dict[str, Any]
    datetime_created: datetime
    datetime_start: datetime | None
    datetime_ready: datetime | None
    datetime_end: datetime | None
    resource: str
    serves: bool
    cpus: int
    time_limit_seconds: int | None
    start_mark: str


COLUMNS = JobRow._fields


def describe_jobs(rows: list[RawRow], *, user: User, now: datetime, may_open: bool) -> list[objects.Job]:
    """Return jobs as `describe_job` does, from the raw `COLUMNS`.

    A list can hold thousands of ended jobs, so `_describe_ended` formats their columns without parsing them.
    """
    return [
        _describe_ended(row) if row[0] in ENDED else describe_job(_live_row(row), user=user, now=now, may_open=may_open)
        for row in rows
    ]


def _live_row(row: RawRow) -> JobRow:
    *plain, requested, created, start, ready, end, resource, serves, cpus, limit, mark = row
    times = (moment(created), moment(start), moment(ready), moment(end))
    return JobRow._make((*plain, orjson.loads(requested), *times, resource, serves, cpus, limit, mark))


def _describe_ended(row: RawRow) -> objects.Job:
    (
        status, number, workspace_id, resource_job_id, job_type, core_hours, message, requested, created, start, ready,
        end, *_,
    ) = row  # fmt: skip
    return {
        "id": number,
        "workspace_id": workspace_id,
        "resource_job_id": resource_job_id,
        "job_type": job_type,
        "status": status,
        "datetime_created": iso(created) or "",
        "datetime_start": iso(start),
        "datetime_end": iso(end),
        "core_hours": f"{core_hours:.5f}",
        "job_details": {
            "metrics": _metrics(moment(created), moment(start), moment(ready)),
            "request_job_details": json(requested),
            "current_job_details": {"message": message},
        },
    }


def describe_job(job: Job | JobRow, *, user: User, now: datetime, may_open: bool = True) -> objects.Job:
    """Return a job for a response; a session that is ready comes with a new ticket for `user`.

    With `may_open=False` there is no ticket: a ticket opens the session, which needs more than the right to read.
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
            "metrics": _metrics(job.datetime_created, job.datetime_start, job.datetime_ready),
            "request_job_details": job.requested,
            "current_job_details": _current(job, user, now=now, may_open=may_open),
        },
    }


def _current(job: Job | JobRow, owner: User, *, now: datetime, may_open: bool) -> dict[str, object]:
    if job.status in ENDED:  # a list can hold thousands of ended jobs, which have no other details
        return {"message": job.message}
    progress = JobProgress(
        job_id=job.id,
        owner_id=owner.pk,
        epoch=owner.session_epoch,
        resource=job.resource,
        job_type=job.job_type,
        requested=job.requested,
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
    """Return the core hours as text: the final ones of an ended job, else those used until now."""
    if job.status in ENDED or job.datetime_start is None:
        return f"{job.core_hours:.5f}"
    # By the monotonic clock at the start, so that a change of the clock adds no hours.
    started = job.start_mark
    return str(used_core_hours(cpus=job.cpus, start=job.datetime_start, end=now, started=started, now=now))


def _metrics(created: datetime | None, start: datetime | None, ready: datetime | None) -> objects.Metrics:
    if created is None or start is None:
        return {}
    # The clock may have been set back between two times: durations are never negative.
    metrics: objects.Metrics = {"time_pending": max(0.0, (start - created).total_seconds())}
    if ready is not None:
        metrics["time_init"] = max(0.0, (ready - start).total_seconds())
    return metrics


def _page(rows: QuerySet[Job] | Condition, request: Request) -> HttpResponse:
    user, now, may_open = caller(request), timezone.now(), has_scope(request, Scope.SESSIONS)
    describe_rows = partial(describe_jobs, user=user, now=now, may_open=may_open)
    return raw_page(rows, request, key="jobs", empty=NONE_FOUND, columns=COLUMNS, describe=describe_rows)


class Jobs(APIView):
    """The list of the caller's jobs."""

    scope = Scope.SESSIONS

    @describe(
        data=page_of("jobs", JobSerializer),
        query=(
            number("workspace_id"),
            number("resource_job_id"),
            text("job_type"),
            text("status", choices=JOB_STATUSES),
            LIMIT,
            OFFSET,
        ),
    )
    def get(self, request: Request) -> HttpResponse:
        """List the caller's jobs; the four filters match exactly."""
        user = caller(request)
        wanted = filters_in(request, texts=("job_type", "status"), numbers=("workspace_id", "resource_job_id"))
        # Without filters, the SQL is the one that was made once per process.
        return _page(jobs_of(user).filter(**wanted) if wanted else LISTED.of(user.pk), request)


class JobDetail(APIView):
    """One job."""

    scope = Scope.SESSIONS

    @describe(data=page_of("jobs", JobSerializer))
    def get(self, request: Request, job_id: int) -> HttpResponse:
        """Return a job as a list with one element, or none if it is not found."""
        rows = jobs_of(caller(request)).filter(pk=job_id)
        return _page(rows, request)


class JobStop(APIView):
    """Stops a job."""

    scope = Scope.SESSIONS

    @describe()
    def put(self, request: Request, job_id: int) -> Response:
        """Stop a job."""
        status = stop_job(job=find_job(user=caller(request), job_id=job_id), now=timezone.now())
        return success("Successful stop." if status is JobStatus.COMPLETE else "Job queued to stop.")


class JobAction(APIView):
    """Rejects unknown actions."""

    scope = Scope.SESSIONS

    @describe(succeeds=False)
    def put(self, request: Request, job_id: int, verb: str) -> Response:
        """Reject an unknown action."""
        raise InvalidRequest("Invalid PUT type passed.")
