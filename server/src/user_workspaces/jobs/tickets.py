"""Tickets that open a session and the cookies they are traded for: signed, short, bound to job and person."""

import base64
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings

TICKET_LIFETIME = timedelta(minutes=5)
COOKIE_LIFETIME = timedelta(days=7)
COOKIE_PREFIX = "uws-session-"
TICKET_PARAMETER = "ticket"
PARTS = 5


class Purpose(StrEnum):
    """What a signature is good for; one is never taken for the other."""

    TICKET = "ticket"
    COOKIE = "cookie"


@dataclass(frozen=True, slots=True)
class Claim:
    """Who may use which session; `epoch` is the person's session epoch when it was made."""

    job_id: int
    user_id: int
    epoch: int
    expires_at: float = field(default=0.0, compare=False)
    """When a verified text ends (POSIX seconds); it says nothing of who may do what."""


def sign(claim: Claim, purpose: Purpose, *, now: datetime) -> str:
    """Return the claim as URL- and cookie-safe text that ends by itself."""
    lifetime = TICKET_LIFETIME if purpose is Purpose.TICKET else COOKIE_LIFETIME
    expires = int((now + lifetime).timestamp())
    body = f"{claim.job_id}.{claim.user_id}.{claim.epoch}.{expires}"
    return f"{body}.{_signature(body, purpose)}"


def verify(text: str, purpose: Purpose, *, job_id: int, now: datetime) -> Claim | None:
    """Return the claim on this job, or None for a forged, old or foreign text."""
    body, _, signature = text.rpartition(".")
    if not hmac.compare_digest(signature.encode(errors="replace"), _signature(body, purpose).encode()):
        return None
    claimed_job, user, epoch, expires = (int(part) for part in body.split("."))
    if claimed_job != job_id or expires < now.timestamp():
        return None
    return Claim(job_id=job_id, user_id=user, epoch=epoch, expires_at=expires)


def cookie_name(job_id: int) -> str:
    """Return the name of a session's cookie; the prefix keeps it away from the session itself."""
    return f"{COOKIE_PREFIX}{job_id}"


def _signature(body: str, purpose: Purpose) -> str:
    key = f"user-workspaces {purpose.value} {settings.SECRET_KEY}".encode()
    digest = hmac.digest(key, body.encode(errors="replace"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
