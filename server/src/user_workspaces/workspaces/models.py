"""The rows of workspaces; their files are on a storage."""

from django.db import models

from user_workspaces.accounts.models import User
from user_workspaces.db.leases import Leased


class WorkspaceStatus(models.TextChoices):
    """The states that clients know; they fail on any other value."""

    INITIALIZING = "initializing"
    IDLE = "idle"
    ACTIVE = "active"
    DELETING = "deleting"
    ERROR = "error"


class Workspace(Leased):
    """A user's directory on a storage, with its description."""

    # No index of its own: `workspace_status` starts with this column.
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="workspaces", db_index=False)
    name = models.CharField(max_length=255)
    description = models.TextField(max_length=10_000, blank=True)
    status = models.CharField(max_length=16, choices=WorkspaceStatus.choices, default=WorkspaceStatus.INITIALIZING)
    default_job_type = models.CharField(max_length=100, blank=True)
    storage = models.CharField(max_length=100)
    disk_space = models.BigIntegerField(default=0)
    requested = models.JSONField(default=dict)
    """The requested content: `{"files": [{"name"}], "symlinks": [{"name", "path"}]}`; never the content of files."""
    current = models.JSONField(default=dict)
    """The content as measured last, in the same form; names have a leading slash."""
    datetime_created = models.DateTimeField()
    datetime_last_modified = models.DateTimeField()
    datetime_last_job_launch = models.DateTimeField(null=True)
    changes = models.PositiveBigIntegerField(default=0)
    """The number of changes of the files."""
    measured = models.PositiveBigIntegerField(default=0)
    """The change that the last measurement includes; equal to `changes` when all is measured."""
    next_check_at = models.DateTimeField(null=True)
    """When the controller checks it next; None: nothing to do."""
    awaits_acceptance = models.BooleanField(default=False)
    """True for an offered copy that its owner has not accepted: not listed and not usable."""

    holds_runs = models.BooleanField(default=False)
    """True for the workspace of REANA runs: listed with the runs, not among the workspaces."""

    class Meta:
        indexes = [
            # The list of a user and its length are read from this index alone.
            models.Index(
                fields=["owner", "-id", "awaits_acceptance", "holds_runs"],
                name="workspace_listed",
                condition=models.Q(awaits_acceptance=False, holds_runs=False),
            ),
            models.Index(fields=["owner", "status"], name="workspace_status"),
            models.Index(
                fields=["next_check_at"], name="workspace_due", condition=models.Q(next_check_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.pk})"
