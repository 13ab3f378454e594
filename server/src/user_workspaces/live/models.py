"""Tickets for browsers, whose WebSockets cannot send a header."""

from django.db import models

from user_workspaces.accounts.models import ApiToken, User


class LiveTicket(models.Model):
    """A ticket for one WebSocket: only its digest is kept, and using it takes the row away."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="live_tickets")
    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="live_tickets")
    """What it was got with: when that ends, so does the WebSocket."""
    epoch = models.PositiveBigIntegerField()
    """The person's session epoch when it was made: a log-out since then makes it worthless."""
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"ticket for {self.user_id}"
