"""The rows of offers and shares, and the outbox of the mail about them."""

from django.db import models

from user_workspaces.accounts.models import User
from user_workspaces.db.leases import Leased
from user_workspaces.workspaces.models import Workspace


class ShareState(models.TextChoices):
    """The state of the copy; `Share.is_accepted` is separate."""

    WAITING = "waiting"
    COPYING = "copying"
    READY = "ready"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    """Cancelled or declined: the copy is being removed, and this row with it."""


class Offer(models.Model):
    """A workspace offered to several users at once, as it was then: what the receivers see of it."""

    # The offer survives the deletion of its workspace: accepted copies still name their origin.
    original = models.ForeignKey(Workspace, on_delete=models.SET_NULL, null=True, related_name="offers")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    requested = models.JSONField(default=dict)
    current = models.JSONField(default=dict)
    """The first names of each kind, from the first complete copy."""
    is_listed = models.BooleanField(default=False)
    """True if `current` is known."""
    last_job_type = models.CharField(max_length=100, blank=True)
    last_resource_options = models.JSONField(default=dict)
    datetime_created = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} ({self.pk})"


class Share(Leased):
    """The offer to one user, with the copy that is made for them; both have the same primary key."""

    # The deletion of the copy deletes the share, too: a withdrawal needs no second step.
    copy = models.OneToOneField(Workspace, on_delete=models.CASCADE, primary_key=True, related_name="share")
    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="shares")
    sender = models.ForeignKey(User, on_delete=models.PROTECT, related_name="shares_sent")
    receiver = models.ForeignKey(User, on_delete=models.PROTECT, related_name="shares_received")
    state = models.CharField(max_length=16, choices=ShareState.choices, default=ShareState.WAITING)
    is_accepted = models.BooleanField(default=False)
    percent = models.PositiveSmallIntegerField(default=0)
    """The estimated progress of the copy; 100 only when it is ready."""
    message = models.TextField(blank=True)
    """The error that users see when the copy failed."""
    next_check_at = models.DateTimeField(null=True)
    """When the controller checks it next, and its lease during the copy; None: nothing to do."""

    class Meta:
        # The index of due rows is partial: nearly all rows are done, and the controller reads it often.
        indexes = [
            models.Index(fields=["sender", "-copy"], name="share_of_sender"),
            models.Index(fields=["receiver", "-copy"], name="share_of_receiver"),
            models.Index(fields=["next_check_at"], name="share_due", condition=models.Q(next_check_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.copy_id} ({self.state})"


class Mail(Leased):
    """A mail in the outbox; it is deleted with its share."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="mails")
    to = models.EmailField(max_length=254)
    subject = models.CharField(max_length=255)
    body = models.TextField()
    attempts = models.PositiveIntegerField(default=0)
    datetime_created = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True)
    """When to send it, and the lease while it is being sent; None: sent, or given up."""
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_try_at"], name="mail_due", condition=models.Q(next_try_at__isnull=False))]

    def __str__(self) -> str:
        return f"mail {self.pk} to {self.to}"
