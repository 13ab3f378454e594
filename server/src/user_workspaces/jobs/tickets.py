"""Sign the tickets that open a session, and the session cookie: short-lived, bound to one job and one user.

The `ticket` parameter of a session's address carries one of three texts:

- A *ticket*, from the API. It opens the session once, but never under another user's login.
- An *entry*, from the portal. It works once, and only in the browser whose cookie hash it contains, so that a link
  made by another user cannot log this user in.
- A *start* names the portal address to ask for an entry. It opens nothing.
"""

import hashlib
import re
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.core import signing

TICKET_LIFETIME = timedelta(minutes=5)
COOKIE_LIFETIME = timedelta(days=7)
ENTRY_LIFETIME = timedelta(minutes=1)
START_LIFETIME = timedelta(minutes=10)
TICKET_PARAMETER = "ticket"
BROWSER_PARAMETER = "browser"
"""The parameter of the portal's `/open/` with the hash of the cookie that the session host set in this browser."""
# 22 characters of base64url are the 16 random bytes of `new_browser_secret`.
BROWSER_SECRET = re.compile(r"[A-Za-z0-9_-]{22}")
BROWSER_HASH = re.compile(r"[0-9a-f]{64}")
_NUMBERS = 4
"""Job, user, epoch and expiry; a ticket has a random part after them."""
# Different salts: an entry is not accepted as a start, nor a start as an entry.
_ENTRY_SALT, _START_SALT = "user_workspaces.jobs.entry", "user_workspaces.jobs.start"


class Purpose(StrEnum):
    """The use of a signature. Each purpose has its own salt, so that no ticket is accepted as a cookie."""

    TICKET = "ticket"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class TicketClaims:
    """The user and the session that a ticket or cookie is valid for."""

    job_id: int
    user_id: int
    epoch: int
    """The user's session epoch at signing; a log-out everywhere increases it."""
    expires_at: float = field(default=0.0, compare=False)
    """POSIX seconds; set in verified claims only, and not part of their identity."""


@dataclass(frozen=True, slots=True)
class SessionEntry:
    """Lets one browser open one session, once."""

    job_id: int
    user_id: int
    epoch: int
    browser: str
    """See `BROWSER_PARAMETER`."""

    @property
    def claim(self) -> TicketClaims:
        """The user and the session."""
        return TicketClaims(job_id=self.job_id, user_id=self.user_id, epoch=self.epoch)


def sign(claim: TicketClaims, purpose: Purpose, *, now: datetime) -> str:
    """Return the claim as signed text that is safe in URLs and cookies. Every ticket is a different text."""
    lifetime = TICKET_LIFETIME if purpose is Purpose.TICKET else COOKIE_LIFETIME
    expires = int((now + lifetime).timestamp())
    body = f"{claim.job_id}.{claim.user_id}.{claim.epoch}.{expires}"
    if purpose is Purpose.TICKET:
        # Two tickets of one second must differ, because each text works once.
        body = f"{body}.{secrets.token_urlsafe(9)}"
    return _signer(purpose).sign(body)


def verify(text: str, purpose: Purpose, *, job_id: int, now: datetime) -> TicketClaims | None:
    """Return the claim on this job, or None for a forged or expired text, or one for another job."""
    if not text.isascii():  # a lone surrogate in it would make the signer raise UnicodeError
        return None
    try:
        body = _signer(purpose).unsign(text)
    except signing.BadSignature:
        return None
    # The signature is valid, so these are the numbers that `sign` wrote.
    claimed_job, user, epoch, expires = (int(part) for part in body.split(".")[:_NUMBERS])
    if claimed_job != job_id or expires < now.timestamp():
        return None
    return TicketClaims(job_id=job_id, user_id=user, epoch=epoch, expires_at=expires)


def sign_entry(claim: TicketClaims, *, browser: str) -> str:
    """Return an entry for the browser with this cookie hash."""
    entry = SessionEntry(claim.job_id, claim.user_id, claim.epoch, browser)
    # The random ID makes the entries of one second different: each text works once.
    return signing.dumps({**asdict(entry), "id": secrets.token_urlsafe(9)}, salt=_ENTRY_SALT)


def read_entry(text: str, *, job_id: int) -> SessionEntry | None:
    """Return the entry to this job, or None for a forged or expired text, or one for another job.

    The caller checks with `use_once` that it has not been used.
    """
    values = _loads(text, salt=_ENTRY_SALT, max_age=ENTRY_LIFETIME)
    if values is None or values["job_id"] != job_id:
        return None
    return SessionEntry(job_id, values["user_id"], values["epoch"], values["browser"])


def sign_start(*, job_id: int, portal: str) -> str:
    """Return a text that makes the session host redirect to this portal address for an entry."""
    return signing.dumps([job_id, portal], salt=_START_SALT)


def read_start(text: str, *, job_id: int) -> str | None:
    """Return the portal address, or None for a forged or expired text, or one for another job."""
    values = _loads(text, salt=_START_SALT, max_age=START_LIFETIME)
    return str(values[1]) if values is not None and values[0] == job_id else None


def new_browser_secret() -> str:
    """Return the value of the cookie that the session host sets before it asks for an entry."""
    return secrets.token_urlsafe(16)


def browser_hash(secret: str) -> str:
    """Return the hash that identifies the browser with this cookie to the portal."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def cookie_name(job_id: int) -> str:
    """Return the name of the cookie that opens a session."""
    return own_cookie(f"session-{job_id}")


def browser_cookie_name(job_id: int) -> str:
    """Return the name of the cookie that identifies a browser while it opens a session."""
    return own_cookie(f"browser-{job_id}")


def own_cookie(name: str) -> str:
    """Return the name of a cookie of this server. With TLS its `__Host-` prefix keeps other hosts from setting it."""
    return f"{settings.OWN_COOKIE_PREFIX}{name}"


def _signer(purpose: Purpose) -> signing.Signer:
    # Not a TimestampSigner: `CookieCache` needs the time of expiry, and a TimestampSigner keeps the time of signing.
    return signing.Signer(salt=f"user_workspaces.jobs.{purpose.value}", sep=".")


def _loads(text: str, *, salt: str, max_age: timedelta) -> Any:  # noqa: ANN401  the JSON that was signed
    """Return the signed value, or None for a forged or expired text."""
    try:
        return signing.loads(text, salt=salt, max_age=max_age) if text.isascii() else None
    except signing.BadSignature:
        return None
