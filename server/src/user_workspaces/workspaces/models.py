"""Workspaces as rows; their files are on a storage."""

from django.db import models

from user_workspaces.accounts.models import User
from user_workspaces.db.leases import Leased


class WorkspaceStatus(models.TextChoices):
    """What clients know; they throw on any other word."""

    INITIALIZING = "initializing"
    IDLE = "idle"
    ACTIVE = "active"
    DELETING = "deleting"
    ERROR = "error"


class Workspace(Leased):
    """A place of one person: a directory on a storage, described here."""

    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="workspaces", db_index=False)
    name = models.CharField(max_length=255)
    description = models.TextField(max_length=10_000, blank=True)
    status = models.CharField(max_length=16, choices=WorkspaceStatus.choices, default=WorkspaceStatus.INITIALIZING)
    default_job_type = models.CharField(max_length=100, blank=True)
    storage = models.CharField(max_length=100)
    disk_space = models.BigIntegerField(default=0)
    requested = models.JSONField(default=dict)
    """What was asked for: `{"files": [{"name"}], "symlinks": [{"name", "path"}]}`; never a file's content."""
    current = models.JSONField(default=dict)
    """What is there, as measured last: the same shape, names with a leading slash."""
    datetime_created = models.DateTimeField()
    datetime_last_modified = models.DateTimeField()
    datetime_last_job_launch = models.DateTimeField(null=True)
    changes = models.PositiveBigIntegerField(default=0)
    """Counts changes of the files; `measured` follows it."""
    measured = models.PositiveBigIntegerField(default=0)
    next_check_at = models.DateTimeField(null=True)
    """When the controller has to look at it next; None: nothing to do."""
    awaits_acceptance = models.BooleanField(default=False)
    """It was offered to its owner, who has not said yes: nobody sees it in a list, nobody can use it."""

    holds_runs = models.BooleanField(default=False)
    """It is where runs of a workflow work: found by its number, listed with them and not among the workspaces."""

    class Meta:
        indexes = [
            # The list of a person, and its length: read from the index alone.
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
