"""A log-in at another site that was begun here: what is kept of it until the browser is back.

The state is random, good once and for ten minutes, and bound to the plug-in that made it (so an answer of one
provider is never taken for that of another) and to the address that the browser comes back to.
"""

import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

from user_workspaces.errors import AuthenticationRejected, InvalidRequest
from user_workspaces.interfaces.values import PluginContext

STATE_SECONDS = 600
LONGEST = 4096
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
REFUSED = "Incorrect authentication credentials."


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """What was sent away, and has to fit what comes back."""

    redirect_url: str
    verifier: str = field(repr=False)
    """The secret of PKCE: what was sent is its SHA-256."""
    nonce: str = field(default="", repr=False)
    """What the provider has to write into the ID token; empty: it writes none."""


def remember_sign_in(context: PluginContext, started: PendingLogin) -> str:
    """Keep it and return its state."""
    state = secrets.token_urlsafe(32)
    context.remember(f"state:{state}", json.dumps(asdict(started)), STATE_SECONDS)
    return state


def recall_sign_in(context: PluginContext, *, state: str, redirect_url: str) -> PendingLogin:
    """Return what was begun under this state, which is used up by that; raises `AuthenticationRejected`."""
    text = context.recall(f"state:{state}")
    started = PendingLogin(**json.loads(text)) if text else None
    if started is None or started.redirect_url != redirect_url:
        raise AuthenticationRejected("This log-in was not begun here, or too long ago. Begin again.")
    return started


def redirect_url_in(credentials: Mapping[str, object], *, allowed: Collection[str]) -> str:
    """Return where the browser comes back to; raises `InvalidRequest` unless the operator allowed just that."""
    wanted = credentials.get("redirect_url")
    if not wanted:
        raise InvalidRequest("Missing redirect url.")
    if not isinstance(wanted, str) or wanted not in allowed:
        raise InvalidRequest("This redirect url is not among those that the operators of this server allow.")
    return wanted


def text_in(credentials: Mapping[str, object], name: str) -> str:
    """Return a text of the credentials, empty when it is not there; raises `InvalidRequest` for anything else."""
    value = credentials.get(name) or ""
    if not isinstance(value, str) or len(value) > LONGEST or "\0" in value:
        raise InvalidRequest(f"{name} must be a string of at most {LONGEST} characters.")
    return value


def is_safe_address(url: str) -> bool:
    """Return whether secrets may be sent there: https, or plain http to this very machine."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
