"""What a user has had prepared for a workspace, as a row."""

from django.db import models

from user_workspaces.db.leases import Leased
from user_workspaces.workspaces.models import Workspace


class PreparationStatus(models.TextChoices):
    """How far a preparation is; without a row nothing was asked for."""

    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


class Builder(models.TextChoices):
    """What builds: the server for all users, or a job of the user in the workspace."""

    SERVER = "server"
    CONDA = "conda"
    R = "r"


class PreparedEnvironment(Leased):
    """The preparation that was asked for last, and the prepared environment that launches use meanwhile."""

    workspace = models.OneToOneField(
        Workspace, on_delete=models.CASCADE, primary_key=True, related_name="prepared_environment"
    )
    builder = models.CharField(max_length=16, choices=Builder.choices, default=Builder.SERVER)
    job_id = models.BigIntegerField(null=True)
    """The user's job that builds."""
    file = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    """SHA-256 of the content of the file, when it was asked for."""
    requirements = models.JSONField(default=list)
    """`[[place, requirement]]`, as `["line 7", "numpy>=2"]`: a crash of the server loses nothing."""
    is_complete = models.BooleanField(default=False)
    interpreter = models.CharField(max_length=1000)
    python = models.CharField(max_length=10)
    fingerprint = models.CharField(max_length=40, db_index=True)
    status = models.CharField(max_length=16, choices=PreparationStatus.choices, default=PreparationStatus.PREPARING)
    message = models.TextField(blank=True)

    layer = models.CharField(max_length=40, blank=True, db_index=True)
    """The fingerprint of what launches use; empty: nothing was ever ready."""
    layer_file = models.CharField(max_length=100, blank=True)
    layer_interpreter = models.CharField(max_length=1000, blank=True)

    datetime_requested = models.DateTimeField()
    datetime_ended = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)
    """When the controller has to look at it next; None: nothing is being prepared."""

    class Meta:
        indexes = [
            models.Index(
                fields=["next_check_at"], name="environment_due", condition=models.Q(next_check_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.file} of workspace {self.workspace_id} ({self.status})"
