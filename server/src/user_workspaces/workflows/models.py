"""Runs of workflows as rows, and the secrets that their steps may use."""

import uuid

from django.db import models

from user_workspaces.accounts.encryption import EncryptedTextField
from user_workspaces.accounts.models import User
from user_workspaces.db.leases import Leased
from user_workspaces.jobs.models import Job
from user_workspaces.workflows.status import RunStatus
from user_workspaces.workspaces.models import Workspace


class Run(Leased):
    """One run of a workflow. Its row stays when it is deleted: a number is never given twice."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="runs", db_index=False)
    name = models.CharField(max_length=255)
    major = models.PositiveIntegerField()
    minor = models.PositiveIntegerField(default=0)
    """0: the first in its workspace; restarts there are 1, 2, ..."""
    status = models.CharField(
        max_length=16, choices=[(status.value, status.value) for status in RunStatus], default=RunStatus.CREATED
    )
    specification = models.TextField()
    """The whole of it as JSON text, as it was accepted."""
    parameters = models.JSONField(default=dict)
    """What a start gave in place of the specification's own."""
    options = models.JSONField(default=dict)
    """The operational options that a start gave."""
    resource = models.CharField(max_length=100)
    resource_options = models.JSONField(default=dict)
    origin = models.JSONField(default=dict)
    """Where its files came from: `{"workspace_id": ..}`; empty: they were uploaded."""
    workspace = models.ForeignKey(
        Workspace, on_delete=models.DO_NOTHING, db_constraint=False, related_name="runs", db_index=False
    )
    """Where it works, with its restarts; gone when they are deleted."""
    storage = models.CharField(max_length=100)
    """Where its workspace and its state are; the state is cleared when the workspace is gone."""
    job = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="run_of")
    """What runs it now, or ran it last."""
    jobs_started = models.PositiveIntegerField(default=0)
    session = models.ForeignKey(Job, on_delete=models.PROTECT, null=True, related_name="session_of")
    """What was opened on its workspace last."""
    progress = models.JSONField(default=dict)
    """As of the last look, see `progress.figures`; the journal says it newer."""
    kept_logs = models.TextField(blank=True)
    """What is left of the logs when the files are gone, as JSON text."""
    is_passed_by = models.BooleanField(default=False)
    """While it is queued: what it waits for is its own matter, and those behind it in its line go on meanwhile."""
    message = models.TextField(blank=True)

    datetime_created = models.DateTimeField()
    datetime_queued = models.DateTimeField(null=True)
    datetime_started = models.DateTimeField(null=True)
    datetime_finished = models.DateTimeField(null=True)
    datetime_stopped = models.DateTimeField(null=True)
    retention_since = models.DateTimeField(null=True)
    """From when the days of its retention rules count; None: they do not, as before its end and after a restart."""
    retain_at = models.DateTimeField(null=True)
    """When the controller applies retention rules next, maybe in years; None: no more, or not yet."""
    next_check_at = models.DateTimeField(null=True)
    """When the controller has to look at it next; None: the story is over, or has not begun."""

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
        """The name with the number, as people write it."""
        return f"{self.name}.{self.number}"


class Secret(models.Model):
    """Something that steps need and nobody may read: handed to them as a variable or a file."""

    ENVIRONMENT, FILE = "env", "file"

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="secrets")
    name = models.CharField(max_length=255)
    kind = models.CharField(max_length=4, choices=[(ENVIRONMENT, ENVIRONMENT), (FILE, FILE)])
    value = EncryptedTextField()
    """In Base64: a file may hold any bytes."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["owner", "name"], name="secret_once")]

    def __str__(self) -> str:
        return self.name


class PersonalReana(models.Model):
    """A REANA elsewhere that a person's sessions are connected to; its token is never shown again."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="personal_reana")
    server = models.CharField(max_length=500)
    access_token = EncryptedTextField()

    def __str__(self) -> str:
        return self.server
