"""The lease on a due job: its holder may act and record; a process that lost it records nothing."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from user_workspaces.db import leases
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import ENDED


def trusted_for() -> timedelta:
    """Return the maximum age of a lease when an action starts.

    It is half of the lease: the observation gets stale, and the action has to end within the rest.
    """
    return leases.lease_length() / 2


def claim(job: Job, *, now: datetime) -> bool:
    """Take the lease on a due job. Return False if another controller was first, or the job was changed."""
    return leases.claim(_with_same_status(job), job, until=now + leases.lease_length())


def release(job: Job, *, at: datetime | None, message: str = "", **fields: object) -> None:
    """Set the next check (None: never) and further fields, if the lease is still held.

    If it is not held, another request changed the job, which makes it due, or another controller has claimed it.
    """
    if message and job.status not in ENDED:
        fields["message"] = message
    if leases.release(_with_same_status(job), job, at=at, column="next_check_at", **fields):
        job.next_check_at = at


def _with_same_status(job: Job) -> QuerySet[Job]:
    return Job.objects.filter(status=job.status)
