"""Tickets that open a session and the cookies they are traded for: signed, short-lived, bound to job and user.

Three kinds of text travel in the `ticket` parameter of a session's address:

- `TICKET` is what the API gives out. Its holder may open the session once, but never under another user's login.
- An *entry* comes from the portal. It is good once, and only in the browser that asked for it: the one with the cookie
  whose hash the entry names. So a link that somebody else made logs nobody in.
- A *start* only says which address of the portal to ask for an entry. It opens nothing.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.core import signing

TICKET_LIFETIME = timedelta(minutes=5)
COOKIE_LIFETIME = timedelta(days=7)
ENTRY_LIFETIME = timedelta(minutes=1)
START_LIFETIME = timedelta(minutes=10)
TICKET_PARAMETER = "ticket"
BROWSER_PARAMETER = "browser"
"""Of the portal's `/open/`: the hash of the cookie that the session's own host has set in this browser."""
BROWSER_SECRET = re.compile(r"[A-Za-z0-9_-]{22}")
BROWSER_HASH = re.compile(r"[0-9a-f]{64}")
_NUMBERS = 4
"""Job, user, epoch and expiry; a ticket has a random part behind them."""
_ENTRY_SALT, _START_SALT = "user_workspaces.jobs.entry", "user_workspaces.jobs.start"


class Purpose(StrEnum):
    """What a signature is good for; one is never taken for the other."""

    TICKET = "ticket"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class TicketClaims:
    """Who may use which session; `epoch` is the user's session epoch when it was made."""

    job_id: int
    user_id: int
    epoch: int
    expires_at: float = field(default=0.0, compare=False)
    """When a verified text ends (POSIX seconds); it says nothing of who may do what."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Lets one browser into one session, once."""

    job_id: int
    user_id: int
    epoch: int
    browser: str
    """See `BROWSER_PARAMETER`."""

    @property
    def claim(self) -> TicketClaims:
        """Return who may use which session."""
        return TicketClaims(job_id=self.job_id, user_id=self.user_id, epoch=self.epoch)


def sign(claim: TicketClaims, purpose: Purpose, *, now: datetime) -> str:
    """Return the claim as URL- and cookie-safe text that expires; each ticket is another text."""
    lifetime = TICKET_LIFETIME if purpose is Purpose.TICKET else COOKIE_LIFETIME
    expires = int((now + lifetime).timestamp())
    body = f"{claim.job_id}.{claim.user_id}.{claim.epoch}.{expires}"
    if purpose is Purpose.TICKET:
        body = f"{body}.{secrets.token_urlsafe(9)}"
    return f"{body}.{_signature(body, purpose)}"


def verify(text: str, purpose: Purpose, *, job_id: int, now: datetime) -> TicketClaims | None:
    """Return the claim on this job, or None for a forged, expired or foreign text."""
    body, _, signature = text.rpartition(".")
    if not hmac.compare_digest(signature.encode(errors="replace"), _signature(body, purpose).encode()):
        return None
    claimed_job, user, epoch, expires = (int(part) for part in body.split(".")[:_NUMBERS])
    if claimed_job != job_id or expires < now.timestamp():
        return None
    return TicketClaims(job_id=job_id, user_id=user, epoch=epoch, expires_at=expires)


def sign_entry(claim: TicketClaims, *, browser: str) -> str:
    """Return a ticket for the browser with this hash."""
    entry = Entry(claim.job_id, claim.user_id, claim.epoch, browser)
    return signing.dumps({**asdict(entry), "id": secrets.token_urlsafe(9)}, salt=_ENTRY_SALT)


def read_entry(text: str, *, job_id: int) -> Entry | None:
    """Return what an entry says, or None for a forged, expired or foreign text; it may have been used."""
    try:
        said = signing.loads(text, salt=_ENTRY_SALT, max_age=ENTRY_LIFETIME)
    except signing.BadSignature:
        return None
    entry = Entry(said["job_id"], said["user_id"], said["epoch"], said["browser"])
    return entry if entry.job_id == job_id else None


def sign_start(*, job_id: int, portal: str) -> str:
    """Return a text that has the session's host ask this address of the portal for an entry."""
    return signing.dumps([job_id, portal], salt=_START_SALT)


def read_start(text: str, *, job_id: int) -> str | None:
    """Return the portal's address, or None for a forged, expired or foreign text."""
    try:
        said_job, portal = signing.loads(text, salt=_START_SALT, max_age=START_LIFETIME)
    except signing.BadSignature:
        return None
    return str(portal) if said_job == job_id else None


def new_browser_secret() -> str:
    """Return what the session's host sets as a cookie before it asks for an entry."""
    return secrets.token_urlsafe(16)


def browser_hash(secret: str) -> str:
    """Return the name by which the portal knows that browser."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def cookie_name(job_id: int) -> str:
    """Return the name of the cookie that opens a session."""
    return own_cookie(f"session-{job_id}")


def browser_cookie_name(job_id: int) -> str:
    """Return the name of the cookie that marks a browser on its way into a session."""
    return own_cookie(f"browser-{job_id}")


def own_cookie(name: str) -> str:
    """Return the full name of a cookie of ours: no page of another host can set one of these under TLS."""
    return f"{settings.OWN_COOKIE_PREFIX}{name}"


def _signature(body: str, purpose: Purpose) -> str:
    key = f"user-workspaces {purpose.value} {settings.SECRET_KEY}".encode()
    digest = hmac.digest(key, body.encode(errors="replace"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
