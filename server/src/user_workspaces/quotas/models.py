"""Limits that override those of the configuration, and reservations of disk quota."""

from decimal import Decimal

from django.contrib.auth.models import Group
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q

from user_workspaces.accounts.models import User

NOT_NEGATIVE = [MinValueValidator(Decimal(0))]


class Quota(models.Model):
    """The limits of one user or one group. An empty limit is inherited from groups or the configuration."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, null=True, blank=True, related_name="quota")
    group = models.OneToOneField(Group, on_delete=models.CASCADE, null=True, blank=True, related_name="quota")
    disk_gb = models.DecimalField(
        "disk (GiB)", max_digits=14, decimal_places=3, null=True, blank=True, validators=NOT_NEGATIVE
    )
    unlimited_disk = models.BooleanField("no limit on disk", default=False)
    core_hours = models.DecimalField(max_digits=14, decimal_places=2, null=True, blank=True, validators=NOT_NEGATIVE)
    unlimited_core_hours = models.BooleanField("no limit on core hours", default=False)
    running_sessions = models.PositiveIntegerField(null=True, blank=True)
    unlimited_sessions = models.BooleanField("no limit on sessions", default=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, group__isnull=True) | Q(user__isnull=True, group__isnull=False),
                name="quota_of_a_person_or_a_group",
                violation_error_message="A quota is either a person's or a group's.",
            )
        ]

    def __str__(self) -> str:
        return f"quota of {self.user or self.group}"


class QuotaAccount(models.Model):
    """One row for each user; a transaction that takes quota locks it, so that two cannot take the same quota."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="quota_account")
    over_disk_since = models.DateTimeField(null=True, blank=True)
    """When a measurement first found the user over their disk quota; None: they are within it."""

    def __str__(self) -> str:
        return f"account of {self.user_id}"


class DiskReservation(models.Model):
    """Disk quota for a write that is in progress, or that is committed and not measured yet."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="disk_reservations")
    target = models.BigIntegerField(db_index=True)
    """Primary key of the workspace that is written to; no foreign key, as this package knows no workspaces."""
    size = models.BigIntegerField()
    expires_at = models.DateTimeField()
    """When a write in progress counts as dead unless it is renewed; without meaning once it is committed."""
    committed_change = models.BigIntegerField(null=True, blank=True)
    """The number of the change of the target that it became; a measurement of that change or a later one frees it."""
    upload = models.CharField(max_length=64, blank=True, db_default="")
    """The upload that is written to, which another request may continue; empty where none can."""

    def __str__(self) -> str:
        return f"{self.size} bytes in {self.target}"
