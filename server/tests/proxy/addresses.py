"""Addresses and cookies of two sessions of one user."""

from user_workspaces.proxy.routing.routes import CookieClaims

SECRET = "token of-the-session"
HTTP_JOB, WS_JOB, OWNER, EPOCH = 12, 13, 7, 3
COOKIE = f"uws-session-{HTTP_JOB}={HTTP_JOB}.{OWNER}.{EPOCH}"
WS_COOKIE = f"uws-session-{WS_JOB}={WS_JOB}.{OWNER}.{EPOCH}"
WITH_COOKIE = f"Cookie: {COOKIE}"
BASE = f"/passthrough/local/{HTTP_JOB}"
WS_BASE = f"/passthrough/local/{WS_JOB}"
ORIGIN = "Origin: http://localhost"
"""Origin of a page under the host that `Client.get` requests."""
HANDSHAKE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: b"
)


def verify_cookie(value: str, job_id: int) -> CookieClaims | None:
    """Read `job.user.epoch`; signatures are tested elsewhere."""
    parts = value.split(".")
    if len(parts) != 3 or not all(part.isdigit() for part in parts) or int(parts[0]) != job_id:
        return None
    return CookieClaims(job_id=int(parts[0]), user_id=int(parts[1]), epoch=int(parts[2]))
