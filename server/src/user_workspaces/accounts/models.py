"""People, clients, their API tokens and the system accounts that they own."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from user_workspaces.accounts.encryption import EncryptedTextField
from user_workspaces.accounts.scopes import USUAL, as_text

USUAL_SCOPES = as_text(USUAL)


class User(AbstractUser):
    """A person, or a service that speaks for one (`is_service`): a service never logs in and owns nothing."""

    is_service = models.BooleanField("service", default=False)
    session_epoch = models.PositiveBigIntegerField(default=0)
    """Counts log-outs: every ticket and cookie of an earlier epoch is dead."""
    log_in_epoch = models.PositiveBigIntegerField(default=0)
    """Counts log-outs everywhere: every log-in to the portal of an earlier epoch is dead."""

    class Meta(AbstractUser.Meta):
        indexes = [models.Index(fields=["email"], name="user_email")]

    def __str__(self) -> str:
        return self.username

    def get_session_auth_hash(self) -> str:
        """Return what a log-in is bound to: the password, as in Django, and the epoch."""
        return f"{super().get_session_auth_hash()}.{self.log_in_epoch}"


class ApiToken(models.Model):
    """A token of the API: only its digest is kept, and it ends by itself."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=200)
    digest = models.CharField(max_length=64, unique=True)
    prefix = models.CharField(max_length=12)
    scopes = models.CharField(max_length=100, default=USUAL_SCOPES)
    may_mint = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = "API token"

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}...)"


class LoginLink(models.Model):
    """A one-time link for the portal: only its digest is kept; redeeming it takes the row away."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="login_links")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"link for {self.user_id}"


class ExternalIdentity(models.Model):
    """Who a person is elsewhere: keyed by (issuer, subject), which no provider ever gives away again."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once")]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class OwnedAccount(models.Model):
    """The system account that a person got from one authentication; its uid is checked at each use."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="system_accounts")
    user_authentication = models.CharField(max_length=100)
    name = models.CharField(max_length=64)
    uid = models.PositiveBigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "user_authentication"], name="one_account_per_authentication")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.uid})"


class AttemptCount(models.Model):
    """How often something was tried lately: one row for each kind of attempt and each one who tries.

    Also that something was good before (`attempts.remember`), as a row that ends later and counts nothing.
    """

    bucket = models.CharField(max_length=100, unique=True)
    count = models.PositiveBigIntegerField()
    ends_at = models.DateTimeField(db_index=True)
    """The window begins with the first attempt; the first one after its end begins the next."""

    def __str__(self) -> str:
        return f"{self.bucket}: {self.count}"


class OneTimeValue(models.Model):
    """What a plug-in put away for a few minutes, to be recalled once; only a digest of its key is kept."""

    digest = models.CharField(max_length=64, unique=True)
    value = EncryptedTextField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"remembered until {self.expires_at}"


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
