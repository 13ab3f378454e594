"""`/jobs/`: what runs and what ran."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urlsplit

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.api.caller import caller
from user_workspaces.api.envelope import answer, filtered, page
from user_workspaces.api.openapi import LIMIT, OFFSET, describe, number, page_of, text
from user_workspaces.api.rows import json, moment, raw_rows
from user_workspaces.api.shapes import JOB_STATUSES, JobShape
from user_workspaces.errors import InvalidRequest
from user_workspaces.jobs.actions import stop_job
from user_workspaces.jobs.addresses import address_of, base_path
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import find_job, jobs_of, seconds_left, used_core_hours
from user_workspaces.jobs.status import ENDED, JobStatus
from user_workspaces.jobs.tickets import Claim

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


def describe_job(job: Job | JobRow, *, user: User, now: datetime) -> dict[str, object]:
    """Return a job as clients know it; a session that answers comes with a fresh ticket for this person."""
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
            "current_job_details": current_details(job, user=user, now=now),
        },
    }


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


def current_details(job: Job | JobRow, *, user: User, now: datetime) -> dict[str, object]:
    """Return what is going on, for people, and how to open the session."""
    details: dict[str, object] = {"message": job.message}
    seconds = seconds_left(status=job.status, start=job.datetime_start, limit_seconds=job.time_limit_seconds, now=now)
    if seconds is not None:
        details["time_left"] = seconds
    if job.status == JobStatus.RUNNING and job.serves and job.datetime_ready:
        claim = Claim(job_id=job.id, user_id=user.pk, epoch=user.session_epoch)
        base = urlsplit(registry.site().base_url)
        address = address_of(claim=claim, resource=job.resource, serves_at="lab", now=now)
        details["connection_details"] = {"url_path": address.url_path, "url_domain": address.url_domain}
        details["proxy_details"] = {
            "hostname": job.resource,
            "port": base.port or (443 if base.scheme == "https" else 80),
            "path": base_path(resource=job.resource, job_id=job.id),
        }
    return details


def _describe(user: User, rows: QuerySet[Job]) -> list[dict[str, object]]:
    now = timezone.now()
    return [describe_job(job, user=user, now=now) for job in job_rows(rows)]


class Jobs(APIView):
    """The list."""

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
        user = caller(request)
        rows = filtered(
            jobs_of(user),
            request,
            texts=("job_type", "status"),
            numbers=("workspace_id", "resource_job_id"),
        )
        return page(rows, request, key="jobs", empty=NONE_FOUND, shape=lambda rows: _describe(user, rows))


class OneJob(APIView):
    """One job."""

    @describe(data=page_of("jobs", JobShape))
    def get(self, request: Request, job_id: int) -> Response:
        """Return it as a list of one or none."""
        user = caller(request)
        rows = jobs_of(user).filter(pk=job_id)
        return page(rows, request, key="jobs", empty=NONE_FOUND, shape=lambda rows: _describe(user, rows))


class JobVerb(APIView):
    """What can be done with a job."""

    @describe()
    def put(self, request: Request, job_id: int, verb: str) -> Response:
        """Stop it."""
        if verb != "stop":
            raise InvalidRequest("Invalid PUT type passed.")
        status = stop_job(job=find_job(user=caller(request), job_id=job_id), now=timezone.now())
        return answer("Successful stop." if status is JobStatus.COMPLETE else "Job queued to stop.")
