"""Target URL of a session: an origin that the browser can reach, and the page in the session."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from django.http import HttpRequest

from user_workspaces import registry
from user_workspaces.errors import ResourceUnavailable
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.session_ports import port_of
from user_workspaces.jobs.session_urls import (
    is_localhost,
    is_loopback,
    is_served_by_path,
    session_domain,
    session_host,
    split_host,
)
from user_workspaces.jobs.tickets import TICKET_PARAMETER
from user_workspaces.request_target import PATH_CHARACTERS, without_parameter

START_PAGE = "lab"
LONGEST = 2000
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_STRAY_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SAFARI = re.compile(r"^(?!.*(Chrom(e|ium)|Android|Firefox)/).*\bVersion/\S+.*\bSafari/")
"""Safari does not resolve names below `localhost`; other browsers also have `Safari` in their user agent."""
NO_ORIGIN = (
    "Sessions cannot be opened under this address: names below localhost lead to your own machine, and "
    "UWS_SESSION_PORTS is off. Ask your administrator to turn it on, or to set passthrough_domain."
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page below a session's base path: a quoted path, and a query without `?`."""

    path: str
    query: str = ""


def page_in_session(asked: str, *, start: str = START_PAGE) -> Page:
    """Return the page that `to` names, relative to the session's base path; the start page if it is not safe.

    An absolute path, a scheme, `..`, `//` and a backslash are not safe, since they could leave the session. Quoted
    characters stay quoted. A ticket in the query is dropped.
    """
    path, _, query = asked.partition("?")
    if not path or len(asked) > LONGEST or not _stays_below(path):
        path, _, query = start.partition("?")
        return Page(path, query)
    # `%` is safe for `quote`, so that escapes stay; a percent sign that starts no escape is escaped first.
    quoted = quote(_STRAY_PERCENT.sub("%25", path), safe=PATH_CHARACTERS)
    left = quote(_STRAY_PERCENT.sub("%25", query), safe=PATH_CHARACTERS + "?[]")
    return Page(quoted, without_parameter(left, TICKET_PARAMETER))


def _stays_below(path: str) -> bool:
    """Check the path as given and decoded once more, as a server behind the proxy may read it."""
    for seen in (path, unquote(path)):
        if seen.startswith("/") or "//" in seen or "\\" in seen or _CONTROL.search(seen) or _SCHEME.match(seen):
            return False
        if any(part in {".", ".."} for part in seen.split("/")):
            return False
    return True


def portal_origin(request: HttpRequest) -> str:
    """Return the origin under which this browser reached the portal."""
    # The scheme is that of the configuration, because a web server in front may end TLS.
    return f"{urlsplit(registry.site().base_url).scheme}://{request.get_host()}"


def session_origin(request: HttpRequest, job: Job) -> str:
    """Return the origin of a session for this browser; empty if sessions are served below a path of the portal.

    The session has a host of its own if the browser can resolve it, else a port of its own: `*.localhost` always
    resolves to the machine of the browser. Raises `ResourceUnavailable` if there is neither.
    """
    base = urlsplit(registry.site().base_url)
    name, port = split_host(request.get_host())
    domain = session_domain(job.resource)
    if domain and not is_localhost(domain):
        port = str(base.port or "")
    elif not domain or not is_loopback(name) or _SAFARI.match(request.headers.get("User-Agent", "")):
        return "" if is_served_by_path(job.resource) else _on_own_port(job, scheme=base.scheme, name=name)
    host = session_host(resource=job.resource, job_id=job.pk)
    return f"{base.scheme}://{host}{f':{port}' if port else ''}"


def _on_own_port(job: Job, *, scheme: str, name: str) -> str:
    if not registry.site().session_ports.numbers:
        raise ResourceUnavailable(NO_ORIGIN)
    return f"{scheme}://{name}:{port_of(job)}"
