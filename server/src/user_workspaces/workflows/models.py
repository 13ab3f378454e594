"""Models of workflow runs, and of the secrets that their steps use."""

import uuid

from django.db import models

from user_workspaces.accounts.encryption import EncryptedTextField
from user_workspaces.accounts.models import User
from user_workspaces.db.leases import Leased
from user_workspaces.jobs.models import Job
from user_workspaces.workflows.status import RunStatus
from user_workspaces.workspaces.models import Workspace


class Run(Leased):
    """One run of a workflow. The row of a deleted run is kept, so that no number is used twice."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    # No index of its own: `run_of_owner` starts with this column.
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="runs", db_index=False)
    name = models.CharField(max_length=255)
    major = models.PositiveIntegerField()
    minor = models.PositiveIntegerField(default=0)
    """0 for the first run in its workspace; 1, 2, ... for restarts."""
    status = models.CharField(
        max_length=16, choices=[(status.value, status.value) for status in RunStatus], default=RunStatus.CREATED
    )
    specification = models.TextField()
    """The complete specification as JSON, as it was checked at creation."""
    parameters = models.JSONField(default=dict)
    """Parameters of the start; they override those of the specification."""
    options = models.JSONField(default=dict)
    """Operational options of the start."""
    resource = models.CharField(max_length=100)
    resource_options = models.JSONField(default=dict)
    origin = models.JSONField(default=dict)
    """The origin of its files, such as `{"workspace_id": 7, "path": "reana.yaml"}`; empty if they were uploaded."""
    # Without a constraint: the row of the run is kept when its workspace is deleted.
    workspace = models.ForeignKey(
        Workspace, on_delete=models.DO_NOTHING, db_constraint=False, related_name="runs", db_index=False
    )
    """The workspace of the run and its restarts; deleted with them."""
    storage = models.CharField(max_length=100)
    """The storage of its workspace and its state; needed to clear the state after the workspace is deleted."""
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="run_of")
    """The current or last job of the run."""
    jobs_started = models.PositiveIntegerField(default=0)
    session = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="session_of")
    """The last session that was opened on its workspace through REANA's API."""
    progress = models.JSONField(default=dict)
    """The counts at the last check, see `storage.progress.counts_of`; the journal is newer."""
    kept_logs = models.TextField(blank=True)
    """The logs, shortened, as JSON; for the time after the files are deleted."""
    is_passed_by = models.BooleanField(default=False)
    """True for a queued run that waits for a reason of its own: the runs behind it in its line do not wait for it."""
    message = models.TextField(blank=True)

    datetime_created = models.DateTimeField()
    datetime_queued = models.DateTimeField(null=True)
    datetime_started = models.DateTimeField(null=True)
    datetime_finished = models.DateTimeField(null=True)
    datetime_stopped = models.DateTimeField(null=True)
    retention_since = models.DateTimeField(null=True)
    """The start of its retention periods; None before its end and after a restart."""
    retain_at = models.DateTimeField(null=True)
    """When the controller applies retention rules next, possibly in years; None if not at all."""
    next_check_at = models.DateTimeField(null=True)
    """When the controller checks it next; None if it is not started or settled."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name", "major", "minor"], name="run_number_once")]
        indexes = [
            models.Index(
                fields=["status"], name="run_going", condition=models.Q(status__in=["pending", "queued", "running"])
            ),
            models.Index(fields=["owner", "-datetime_created", "-id"], name="run_of_owner"),
            models.Index(fields=["workspace"], name="run_in_workspace"),
            models.Index(fields=["next_check_at"], name="run_due", condition=models.Q(next_check_at__isnull=False)),
            models.Index(fields=["retain_at"], name="run_retained", condition=models.Q(retain_at__isnull=False)),
            models.Index(
                fields=["next_check_at"],
                name="run_followed",
                condition=models.Q(next_check_at__isnull=False) & ~models.Q(status=RunStatus.QUEUED.value),
            ),
            models.Index(
                fields=["owner", "resource", "datetime_queued", "id"],
                name="run_line",
                condition=models.Q(status=RunStatus.QUEUED.value, is_passed_by=False),
            ),
            models.Index(
                fields=["next_check_at"],
                name="run_passed_by",
                condition=models.Q(status=RunStatus.QUEUED.value, is_passed_by=True),
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    @property
    def number(self) -> str:
        """The run's number: `1`, or `1.2` for the second restart."""
        return f"{self.major}.{self.minor}" if self.minor else str(self.major)

    @property
    def full_name(self) -> str:
        """The name with the number."""
        return f"{self.name}.{self.number}"


class Secret(models.Model):
    """A secret that steps receive as an environment variable or a file. Its value is never shown."""

    ENVIRONMENT, FILE = "env", "file"

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=4, choices=[(ENVIRONMENT, ENVIRONMENT), (FILE, FILE)])
    value = EncryptedTextField()
    """Base64, because a file may contain any bytes."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="secret_once")]

    def __str__(self) -> str:
        return self.name


class PersonalReana(models.Model):
    """The external REANA server that a user's sessions are connected to. Its token is never shown again."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="personal_reana")
    server = models.CharField(max_length=500)
    access_token = EncryptedTextField()

    def __str__(self) -> str:
        return self.server
