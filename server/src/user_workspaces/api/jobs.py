"""`/jobs/`: what runs and what ran."""

from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.models import User
from user_workspaces.api.caller import caller
from user_workspaces.api.envelope import answer, filtered, page
from user_workspaces.errors import InvalidRequest
from user_workspaces.jobs.actions import stop_job
from user_workspaces.jobs.describe import current_details
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.progress import progress_of
from user_workspaces.jobs.queries import core_hours, find_job, jobs_of
from user_workspaces.jobs.status import JobStatus

NONE_FOUND = "Job matching given parameters could not be found."
UNREAD = ("secret", "endpoint", "log_tail")


def describe_job(job: Job, *, user: User, now: datetime) -> dict[str, object]:
    """Return a job as clients know it; a session that answers comes with a fresh ticket for this person."""
    return {
        "id": job.pk,
        "workspace_id": job.workspace_id,
        "resource_job_id": job.resource_job_id,
        "job_type": job.job_type,
        "status": job.status,
        "datetime_created": job.datetime_created,
        "datetime_start": job.datetime_start,
        "datetime_end": job.datetime_end,
        "core_hours": str(core_hours(job, now=now)),
        "job_details": {
            "metrics": _metrics(job),
            "request_job_details": job.requested,
            "current_job_details": current_details(progress_of(job, owner=user), now=now),
        },
    }


def _metrics(job: Job) -> dict[str, float]:
    metrics = {}
    if job.datetime_start:
        metrics["time_pending"] = max(0.0, (job.datetime_start - job.datetime_created).total_seconds())
        if job.datetime_ready:
            metrics["time_init"] = max(0.0, (job.datetime_ready - job.datetime_start).total_seconds())
    return metrics


def _describe(user: User, rows: QuerySet[Job]) -> list[dict[str, object]]:
    now = timezone.now()
    return [describe_job(job, user=user, now=now) for job in rows.defer(*UNREAD)]


class Jobs(APIView):
    """The list."""

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

    def get(self, request: Request, job_id: int) -> Response:
        """Return it as a list of one or none."""
        user = caller(request)
        rows = jobs_of(user).filter(pk=job_id)
        return page(rows, request, key="jobs", empty=NONE_FOUND, shape=lambda rows: _describe(user, rows))


class JobVerb(APIView):
    """What can be done with a job."""

    def put(self, request: Request, job_id: int, verb: str) -> Response:
        """Stop it."""
        if verb != "stop":
            raise InvalidRequest("Invalid PUT type passed.")
        status = stop_job(job=find_job(user=caller(request), job_id=job_id), now=timezone.now())
        return answer("Successful stop." if status is JobStatus.COMPLETE else "Job queued to stop.")
