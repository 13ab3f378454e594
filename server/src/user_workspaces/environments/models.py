"""The model of prepared environments."""

from django.db import models

from user_workspaces.db.leases import Leased
from user_workspaces.workspaces.models import Workspace


class PreparationStatus(models.TextChoices):
    """The state of a preparation."""

    PREPARING = "preparing"
    READY = "ready"
    FAILED = "failed"


class Builder(models.TextChoices):
    """The builder: the server, for all users, or a job of the user, in the workspace."""

    SERVER = "server"
    CONDA = "conda"
    R = "r"


class PreparedEnvironment(Leased):
    """The last requested preparation of a workspace, and the environment that launches use until it is ready."""

    workspace = models.OneToOneField(
        Workspace, on_delete=models.CASCADE, primary_key=True, related_name="prepared_environment"
    )
    builder = models.CharField(max_length=16, choices=Builder.choices, default=Builder.SERVER)
    job_id = models.BigIntegerField(null=True)
    """The user's job that builds."""
    file = models.CharField(max_length=100)
    digest = models.CharField(max_length=64)
    """SHA-256 of the file's content at the time of the request."""
    requirements = models.JSONField(default=list)
    """`[[location, requirement]]`, as `["line 7", "numpy>=2"]`; stored so that a build survives a crash."""
    is_complete = models.BooleanField(default=False)
    interpreter = models.CharField(max_length=1000)
    python = models.CharField(max_length=10)
    fingerprint = models.CharField(max_length=40, db_index=True)
    status = models.CharField(max_length=16, choices=PreparationStatus.choices, default=PreparationStatus.PREPARING)
    message = models.TextField(blank=True)

    layer = models.CharField(max_length=40, blank=True, db_index=True)
    """The fingerprint of the environment that launches use; empty if none was ever ready."""
    layer_file = models.CharField(max_length=100, blank=True)
    layer_interpreter = models.CharField(max_length=1000, blank=True)

    datetime_requested = models.DateTimeField()
    datetime_ended = models.DateTimeField(null=True)
    next_check_at = models.DateTimeField(null=True)
    """The time of the controller's next check; None if nothing is being prepared."""

    class Meta:
        indexes = [
            models.Index(
                fields=["next_check_at"], name="environment_due", condition=models.Q(next_check_at__isnull=False)
            )
        ]

    def __str__(self) -> str:
        return f"{self.file} of workspace {self.workspace_id} ({self.status})"
