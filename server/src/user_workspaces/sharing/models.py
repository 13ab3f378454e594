"""Offers and shares as rows, and the outbox of the mail about them."""

from django.db import models

from user_workspaces.accounts.models import User
from user_workspaces.db.leases import Leased
from user_workspaces.workspaces.models import Workspace


class ShareState(models.TextChoices):
    """How far the copy is; whether it was accepted is another question."""

    WAITING = "waiting"
    COPYING = "copying"
    READY = "ready"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"
    """Cancelled or declined: what was copied is being removed, and the row goes with it."""


class Offer(models.Model):
    """One workspace offered to several people at once, as it was then: what the other side sees of it."""

    original = models.ForeignKey(Workspace, on_delete=models.SET_NULL, null=True, related_name="offers")
    name = models.CharField(max_length=255)
    description = models.TextField(blank=True)
    requested = models.JSONField(default=dict)
    current = models.JSONField(default=dict)
    """What was offered: the first names of each kind, counted in the first copy that was made."""
    is_listed = models.BooleanField(default=False)
    """Whether `current` is known yet."""
    last_job_type = models.CharField(max_length=100, blank=True)
    last_resource_options = models.JSONField(default=dict)
    datetime_created = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} ({self.pk})"


class Share(Leased):
    """The offer to one person, and the copy that is made for them; its number is the copy's."""

    copy = models.OneToOneField(Workspace, on_delete=models.CASCADE, primary_key=True, related_name="share")
    offer = models.ForeignKey(Offer, on_delete=models.CASCADE, related_name="shares")
    sender = models.ForeignKey(User, on_delete=models.PROTECT, related_name="shares_sent")
    receiver = models.ForeignKey(User, on_delete=models.PROTECT, related_name="shares_received")
    state = models.CharField(max_length=16, choices=ShareState.choices, default=ShareState.WAITING)
    is_accepted = models.BooleanField(default=False)
    percent = models.PositiveSmallIntegerField(default=0)
    """How much of it is copied, as far as one can tell beforehand; 100 when it is ready and not before."""
    message = models.TextField(blank=True)
    """For people: why the copy failed."""
    next_check_at = models.DateTimeField(null=True)
    """When the controller has to look at it next, and its lease while it copies; None: nothing to do."""

    class Meta:
        indexes = [
            models.Index(fields=["sender", "-copy"], name="share_of_sender"),
            models.Index(fields=["receiver", "-copy"], name="share_of_receiver"),
            models.Index(fields=["next_check_at"], name="share_due", condition=models.Q(next_check_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.copy_id} ({self.state})"


class Mail(Leased):
    """A mail in the outbox; it goes when its share goes."""

    share = models.ForeignKey(Share, on_delete=models.CASCADE, related_name="mails")
    to = models.EmailField(max_length=254)
    subject = models.CharField(max_length=255)
    body = models.TextField()
    attempts = models.PositiveIntegerField(default=0)
    datetime_created = models.DateTimeField()
    next_try_at = models.DateTimeField(null=True)
    """When to send it, and the lease of who is sending it; None: sent, or given up."""
    sent_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["next_try_at"], name="mail_due", condition=models.Q(next_try_at__isnull=False))]

    def __str__(self) -> str:
        return f"mail {self.pk} to {self.to}"
