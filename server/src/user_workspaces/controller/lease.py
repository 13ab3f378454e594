"""The lease on a due job: who holds it may act and record; who lost it records nothing."""

from datetime import datetime, timedelta

from user_workspaces.db.leases import lease
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import ENDED

LEASE = timedelta(seconds=60)
"""Longer than any single act on a resource takes; a controller that hangs, or died elsewhere, is replaced after it."""
TRUSTED_FOR = LEASE / 2
"""How old a lease may be when an act begins: what was seen may have changed, and the act takes its time too."""


def claim(job: Job, *, now: datetime) -> bool:
    """Take the lease on a due job; False: another controller was first, or the job was changed."""
    until = now + LEASE
    if not _unchanged(job, next_check_at=until, **lease(until)):
        return False
    job.next_check_at = until
    return True


def release(job: Job, *, at: datetime | None, message: str = "", **fields: object) -> None:
    """Say when the job is due again (None: never) and what was learned, if the lease is still held.

    If it is not, somebody changed the job, which makes it due, or another controller looks after it by now.
    """
    if message and job.status not in ENDED:
        fields["message"] = message
    if _unchanged(job, next_check_at=at, **fields):
        job.next_check_at = at


def _unchanged(job: Job, **fields: object) -> bool:
    held = Job.objects.filter(pk=job.pk, status=job.status, next_check_at=job.next_check_at)
    return bool(held.update(**fields))
