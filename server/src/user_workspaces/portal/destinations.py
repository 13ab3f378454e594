"""Where a session is opened: pure functions of what the site and the request say."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from user_workspaces.jobs.tickets import TICKET_PARAMETER

START_PAGE = "lab"
LONGEST = 2000
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Page:
    """A page below a session's base path: a path that is quoted already, and a query (without `?`)."""

    path: str
    query: str = ""


def page_in_session(asked: str) -> Page:
    """Return the page that `to` names, relative to the session's base path; the start page for anything odd.

    Odd is whatever could leave the session: an absolute path, a scheme, `..`, `//` or a backslash. A ticket
    in the query is dropped.
    """
    path, _, query = asked.partition("?")
    if not path or len(asked) > LONGEST or not _stays_below(path):
        return Page(START_PAGE)
    pairs = [pair for pair in parse_qsl(query, keep_blank_values=True) if pair[0] != TICKET_PARAMETER]
    return Page(quote(path, safe="/:@!$&'()*+,;=-._~"), urlencode(pairs))


def _stays_below(path: str) -> bool:
    """Look at the path as it stands and as somebody who decodes it once more would see it."""
    for seen in (path, unquote(path)):
        if seen.startswith("/") or "//" in seen or "\\" in seen or _CONTROL.search(seen) or _SCHEME.match(seen):
            return False
        if any(part in {".", ".."} for part in seen.split("/")):
            return False
    return True


def has_own_origin(*, passthrough_domain: str, host: str) -> bool:
    """Return whether this visitor can reach the session under an origin of its own.

    `*.localhost` always leads to the visitor's own machine: whoever reached us under another name (a
    workstation in the next room) gets the path form on that name instead.
    """
    if not passthrough_domain:
        return False
    if _is_localhost(passthrough_domain):
        return is_loopback(host)
    return True


def address_for_visitor(*, url: str, own_origin: bool, scheme: str, host: str) -> str:
    """Return the address that this visitor can use, made of the one that the site's `base_url` gives.

    By path it stays on the host of the request. Under `*.localhost` it keeps the port of the request: that
    is another one than ours behind an SSH tunnel.
    """
    parts = urlsplit(url)
    below = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if not own_origin:
        return below
    if _is_localhost(parts.hostname or ""):
        port = _split(host)[1]
        return f"{scheme}://{parts.hostname}{f':{port}' if port else ''}{below}"
    return url


def is_loopback(host: str) -> bool:
    """Return whether a `Host` (name or address, with or without port) is the visitor's own machine."""
    name = _split(host)[0]
    if _is_localhost(name):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_localhost(name: str) -> bool:
    bare = name.lower().rstrip(".")
    return bare == "localhost" or bare.endswith(".localhost")


def _split(host: str) -> tuple[str, str]:
    """Return name and port; both are text, the port may be empty."""
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        return name, rest.lstrip(":")
    name, _, port = host.partition(":")
    return name, port
