"""Parses a WebSocket's handshake: jobs, origin and credentials. No database query."""

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from asgiref.typing import WebSocketScope
from django.conf import settings
from django.http import parse_cookie
from django.http.request import split_domain_port

from user_workspaces import registry
from user_workspaces.accounts.tokens import token_in_headers
from user_workspaces.jobs.session_urls import is_portal_host, is_session_host
from user_workspaces.websocket.errors import HandshakeRejected

PATH = re.compile(r"/jobs(?:/(?P<job_id>[0-9]{1,18}))?/?")
SUBPROTOCOL = "uws-token"
"""A browser can name sub-protocols: `uws-token, <token>`. The server agrees to the first, and never says the second."""
TICKET = "ticket"


@dataclass(frozen=True, slots=True)
class Handshake:
    """A handshake with an allowed host and origin."""

    job_id: int | None
    """None: all jobs of the user."""
    subprotocol: str | None
    """The subprotocol that the server selects."""
    token: str | None = field(repr=False)
    """None: there is none; empty: there is something in its place that cannot be one."""
    ticket: str | None = field(repr=False)
    session_key: str | None = field(repr=False)
    """Of a log-in to the portal; only from a page of the portal's own origin."""


def read_handshake(scope: WebSocketScope) -> Handshake:
    """Read the scope; raises `Refused` for a path, host or origin that leads nowhere."""
    # Of repeated headers the first one counts: `dict` keeps the last, hence `reversed`.
    fields = {name.lower(): value.decode("latin-1") for name, value in reversed(list(scope["headers"]))}
    matched = PATH.fullmatch(scope["path"])
    if matched is None or not _is_portal_host(fields.get(b"host", "")):
        raise HandshakeRejected(404, "Not found.")
    origin, offered = fields.get(b"origin"), list(scope["subprotocols"])
    # Browsers send the cookie with a WebSocket of any page: for other pages it must not count (WebSocket hijacking).
    own_page = origin is not None and _is_own(origin, host=fields[b"host"])
    if origin is not None and not own_page and origin not in registry.site().cors_allowed_origins:
        raise HandshakeRejected(403, "Pages of this origin may not ask here: see cors_allowed_origins.")
    query = parse_qs(scope["query_string"].decode("latin-1"), keep_blank_values=True, max_num_fields=None)
    return Handshake(
        job_id=int(matched["job_id"]) if matched["job_id"] else None,
        subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None,
        token=_token(fields, offered),
        ticket=query.get(TICKET, [None])[0],
        session_key=parse_cookie(fields.get(b"cookie", "")).get(settings.SESSION_COOKIE_NAME) if own_page else None,
    )


def _is_portal_host(host: str) -> bool:
    """Return whether a host is the portal's; the hosts of sessions serve no job status."""
    name, _ = split_domain_port(host)
    return bool(name) and is_portal_host(name)


def _is_own(origin: str, *, host: str) -> bool:
    """Return whether an origin is the portal's: the configured base URL, or the requested host."""
    try:
        name = urlsplit(origin).hostname or ""
    except ValueError:  # no page has such an origin
        return False
    # Sessions run foreign code: they are rejected even if `cors_allowed_origins` lists them.
    if is_session_host(name):
        raise HandshakeRejected(403, "Sessions may not ask here.")
    scheme, _, rest = origin.lower().partition("://")
    return origin.lower() == registry.site().base_url.lower() or (scheme in {"http", "https"} and rest == host.lower())


def _token(fields: dict[bytes, str], offered: list[str]) -> str | None:
    text = token_in_headers(own=fields.get(b"uws-authorization"), usual=fields.get(b"authorization"))
    if text is None and SUBPROTOCOL in offered:
        others = [name for name in offered if name != SUBPROTOCOL]
        return others[0] if len(others) == 1 else ""
    return text
