"""A login at an external provider, from the redirect to the provider until the browser is back.

The state is random, valid once and for ten minutes, and bound to the plug-in instance that created it (a response of
one provider is never accepted for another) and to the address that the browser comes back to.
"""

import base64
import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

from user_workspaces.errors import AuthenticationRejected, InvalidRequest
from user_workspaces.interfaces.values import PluginContext

STATE_SECONDS = 600
LONGEST = 4096
"""Characters of the longest credential that is accepted."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
INCORRECT_CREDENTIALS = "Incorrect authentication credentials."


@dataclass(frozen=True, slots=True)
class PendingLogin:
    """The secrets of one login, which the response of the provider has to match."""

    redirect_url: str
    verifier: str = field(repr=False)
    """The PKCE code verifier; the provider first gets its `code_challenge`."""
    nonce: str = field(default="", repr=False)
    """The value that the provider must write into the ID token; empty: none is expected."""


def code_challenge(verifier: str) -> str:
    """Return the PKCE code challenge of a verifier, method S256 (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def save_pending_login(context: PluginContext, started: PendingLogin) -> str:
    """Store a pending login and return its state."""
    state = secrets.token_urlsafe(32)
    context.remember(f"state:{state}", json.dumps(asdict(started)), STATE_SECONDS)
    return state


def pop_pending_login(context: PluginContext, *, state: str, redirect_url: str) -> PendingLogin:
    """Return and delete the pending login of a state; raises `AuthenticationRejected` if there is none."""
    text = context.recall(f"state:{state}")
    started = PendingLogin(**json.loads(text)) if text else None
    # `recall` has deleted the state: an attempt with another address uses it up.
    if started is None or started.redirect_url != redirect_url:
        raise AuthenticationRejected("This login request is unknown or has expired. Please log in again.")
    return started


def redirect_url_in(credentials: Mapping[str, object], *, allowed: Collection[str]) -> str:
    """Return the address that the browser comes back to; raises `InvalidRequest` unless it is in `allowed`."""
    wanted = credentials.get("redirect_url")
    if not wanted:
        raise InvalidRequest("Missing redirect url.")
    if not isinstance(wanted, str) or wanted not in allowed:
        raise InvalidRequest("This redirect url is not one of those that this server allows.")
    return wanted


def text_in(credentials: Mapping[str, object], name: str) -> str:
    """Return a text of the credentials, empty if it is missing; raises `InvalidRequest` for any other value."""
    value = credentials.get(name) or ""
    if not isinstance(value, str) or len(value) > LONGEST or "\0" in value:
        raise InvalidRequest(f"{name} must be a string of at most {LONGEST} characters.")
    return value


def is_safe_address(url: str) -> bool:
    """Return True if secrets may be sent to an address: https, or plain http to this machine."""
    try:
        parts = urlsplit(url)
        # Reading `port` raises ValueError for an invalid one.
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACK))
