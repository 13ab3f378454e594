"""Describe the current state of a job as the API's clients expect it."""

from datetime import datetime
from urllib.parse import urlsplit

from user_workspaces import registry
from user_workspaces.jobs.progress import JobProgress
from user_workspaces.jobs.queries import seconds_left
from user_workspaces.jobs.session_urls import address_of, base_path
from user_workspaces.jobs.start_pages import start_page
from user_workspaces.jobs.status import JobStatus
from user_workspaces.jobs.tickets import TicketClaims


def current_details(job: JobProgress, *, now: datetime, may_open: bool = True) -> dict[str, object]:
    """Return `current_job_details`: the message, the time left and, if `may_open`, the address of a ready session.

    The address contains a new ticket for the owner. Other users get no address: a ticket would not work for them.
    """
    details: dict[str, object] = {"message": job.message}
    seconds = seconds_left(status=job.status, start=job.datetime_start, limit_seconds=job.time_limit_seconds, now=now)
    if seconds is not None:
        details["time_left"] = seconds
    if may_open and job.status == JobStatus.RUNNING and job.serves and job.datetime_ready:
        details |= _connection(job, now=now)
    return details


def _connection(job: JobProgress, *, now: datetime) -> dict[str, object]:
    claim = TicketClaims(job_id=job.job_id, user_id=job.owner_id, epoch=job.epoch)
    base = urlsplit(registry.site().base_url)
    page = start_page(job.job_type, requested=job.requested, resource=job.resource, job_id=job.job_id)
    address = address_of(claim=claim, resource=job.resource, serves_at=page, now=now)
    return {
        "connection_details": {"url_path": address.url_path, "url_domain": address.url_domain},
        "proxy_details": {
            "hostname": job.resource,
            "port": base.port or (443 if base.scheme == "https" else 80),
            "path": base_path(resource=job.resource, job_id=job.job_id),
        },
    }
