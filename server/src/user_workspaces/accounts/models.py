"""Users and services, their tokens, identities and system accounts."""

from django.contrib.auth.models import AbstractUser
from django.db import models

from user_workspaces.accounts.encryption import EncryptedTextField
from user_workspaces.accounts.scopes import USUAL, as_text

USUAL_SCOPES = as_text(USUAL)


class User(AbstractUser):
    """A user, or a service (`is_service`), which never logs in and owns nothing."""

    is_service = models.BooleanField("service", default=False)
    session_epoch = models.PositiveBigIntegerField(default=0)
    """Counts logouts: tickets and session cookies of an earlier epoch are invalid."""
    log_in_epoch = models.PositiveBigIntegerField(default=0)
    """Counts logouts from all browsers: portal logins of an earlier epoch are invalid."""

    class Meta(AbstractUser.Meta):
        indexes = [models.Index(fields=["email"], name="user_email")]

    def __str__(self) -> str:
        return self.username

    def get_session_auth_hash(self) -> str:
        """Return the hash that a login depends on: that of the password, as in Django, and the epoch."""
        return f"{super().get_session_auth_hash()}.{self.log_in_epoch}"


class ApiToken(models.Model):
    """An API token; only its digest is stored, and it expires."""

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
    """A one-time link to the portal; only its digest is stored, and redeeming it deletes the row."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="login_links")
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"link for {self.user_id}"


class ExternalIdentity(models.Model):
    """The identity of a user at a provider, by (issuer, subject), which a provider never reassigns."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=200)
    subject = models.CharField(max_length=255)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["issuer", "subject"], name="identity_once")]

    def __str__(self) -> str:
        return f"{self.subject} at {self.issuer}"


class OwnedAccount(models.Model):
    """The system account that an authentication gave to a user; its uid is checked at each use."""

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
    """The number of attempts in the current window, for one kind of attempt and one client.

    `rate_limit.remember` also stores here, as rows with a count of 0, that something was valid.
    """

    bucket = models.CharField(max_length=100, unique=True)
    count = models.PositiveBigIntegerField()
    ends_at = models.DateTimeField(db_index=True)
    """A window starts with its first attempt; the first attempt after its end starts the next one."""

    def __str__(self) -> str:
        return f"{self.bucket}: {self.count}"


class OneTimeValue(models.Model):
    """A value that a plug-in stores for a few minutes and reads once; only a digest of its key is stored."""

    digest = models.CharField(max_length=64, unique=True)
    value = EncryptedTextField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"stored until {self.expires_at}"


class LiveTicket(models.Model):
    """A ticket for one WebSocket; only its digest is stored, and using it deletes the row."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="live_tickets")
    token = models.ForeignKey(ApiToken, on_delete=models.CASCADE, related_name="live_tickets")
    """The token that requested the ticket; the WebSocket ends with it."""
    epoch = models.PositiveBigIntegerField()
    """The user's session epoch at its creation: a logout since then invalidates the ticket."""
    digest = models.CharField(max_length=64, unique=True)
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"ticket for {self.user_id}"
