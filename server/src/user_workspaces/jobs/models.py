"""The model of jobs; its table is also the controller's queue."""

import secrets
import uuid
from typing import Any

from django.db import models

from user_workspaces.accounts.encryption import EncryptedTextField
from user_workspaces.accounts.models import User
from user_workspaces.db.leases import Leased
from user_workspaces.jobs.status import LIVE, JobStatus
from user_workspaces.workspaces.models import Workspace

NOT_ACCEPTED = -1


def new_key() -> str:
    """Return a new key that identifies a job to its resource: 32 hex digits."""
    return uuid.uuid4().hex


def new_secret() -> str:
    """Return a new secret by which a session recognizes requests of the proxy."""
    return secrets.token_urlsafe(32)


class Job(Leased):
    """One launch. The row is kept after the job has ended, even if its workspace is deleted."""

    # No index of its own: `job_of_owner` starts with this column.
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="jobs", db_index=False)
    # Without a constraint: the job's row is kept for the accounting when its workspace is deleted.
    workspace = models.ForeignKey(
        Workspace, on_delete=models.DO_NOTHING, db_constraint=False, related_name="jobs", db_index=False
    )
    key = models.CharField(max_length=32, unique=True, default=new_key)
    job_type = models.CharField(max_length=100)
    resource = models.CharField(max_length=100)
    status = models.CharField(
        max_length=16, choices=[(status.value, status.value) for status in JobStatus], default=JobStatus.PENDING
    )
    requested = models.JSONField(default=dict)
    """The `job_details` of the launch with `resource_options` as one more key, as clients read it."""
    cpus = models.PositiveIntegerField(default=1)
    memory_mb = models.PositiveIntegerField(null=True)
    time_limit_seconds = models.PositiveIntegerField(null=True)
    serves = models.BooleanField(default=True)

    submitted = models.BooleanField(default=False)
    missed = models.BooleanField(default=False)
    """True if the last observation found the job absent."""
    resource_job_id = models.BigIntegerField(default=NOT_ACCEPTED)
    message = models.TextField(blank=True)
    log_tail = models.TextField(blank=True)
    secret = EncryptedTextField(default=new_secret)
    endpoint = EncryptedTextField(blank=True)
    """The endpoint of the session as JSON; empty until it is ready."""
    session_port = models.PositiveIntegerField(null=True)
    """The session's own port, assigned when it is first opened under a name without subdomains."""

    datetime_created = models.DateTimeField()
    datetime_start = models.DateTimeField(null=True)
    start_mark = models.CharField(max_length=100, blank=True, default="")
    """The reading of the monotonic clock at the start; see `jobs.clock`."""
    datetime_ready = models.DateTimeField(null=True)
    datetime_end = models.DateTimeField(null=True)
    core_hours = models.DecimalField(max_digits=16, decimal_places=5, default=0)

    next_check_at = models.DateTimeField(null=True)
    """The next due time, which is also the lease and the back-off; None when the job is settled."""
    failed_checks = models.PositiveIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["next_check_at"], name="job_due", condition=models.Q(next_check_at__isnull=False)),
            models.Index(fields=["owner", "-id"], name="job_of_owner"),
            models.Index(fields=["workspace", "-id"], name="job_of_workspace"),
            models.Index(fields=["owner", "datetime_end"], name="job_of_owner_by_end"),
            models.Index(fields=["session_port"], name="job_of_port", condition=models.Q(session_port__isnull=False)),
            # Partial indexes stay small: nearly all jobs have ended.
            models.Index(fields=["status"], name="job_live", condition=models.Q(status__in=sorted(LIVE))),
        ]
        constraints = [
            # For live jobs only: ended ones keep their port, so that its pages can say that the session ended.
            models.UniqueConstraint(
                fields=["session_port"],
                # Sorted: the order of a set differs between processes, and makemigrations would see a change each time.
                condition=models.Q(status__in=sorted(LIVE), session_port__isnull=False),
                name="one_session_per_port",
            )
        ]

    def __str__(self) -> str:
        return f"{self.job_type} {self.pk} ({self.status})"

    @property
    def job_details(self) -> dict[str, Any]:
        """The `job_details` of the launch request."""
        return {name: value for name, value in self.requested.items() if name != "resource_options"}

    @property
    def resource_options(self) -> dict[str, Any]:
        """The `resource_options` of the launch request."""
        options: dict[str, Any] = self.requested.get("resource_options", {})
        return options
