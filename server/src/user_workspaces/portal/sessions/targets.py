"""Where a session is opened: which of its origins this visitor can reach, and the page in it."""

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
"""It does not resolve names below `localhost`; other browsers name it, too."""
NO_ORIGIN = (
    "Sessions cannot be opened under this address: names below localhost lead to your own machine, and "
    "UWS_SESSION_PORTS is off. Ask your administrator to turn it on, or to set passthrough_domain."
)


@dataclass(frozen=True, slots=True)
class Page:
    """A page below a session's base path: a path that is quoted already, and a query (without `?`)."""

    path: str
    query: str = ""


def page_in_session(asked: str, *, start: str = START_PAGE) -> Page:
    """Return the page that `to` names, relative to the session's base path; the start page for anything odd.

    What is quoted in it stays quoted. Odd is whatever could leave the session: an absolute path, a scheme, `..`, `//`
    or a backslash. A ticket in the query is dropped.
    """
    path, _, query = asked.partition("?")
    if not path or len(asked) > LONGEST or not _stays_below(path):
        path, _, query = start.partition("?")
        return Page(path, query)
    quoted = quote(_STRAY_PERCENT.sub("%25", path), safe=PATH_CHARACTERS)
    left = quote(_STRAY_PERCENT.sub("%25", query), safe=PATH_CHARACTERS + "?[]")
    return Page(quoted, without_parameter(left, TICKET_PARAMETER))


def _stays_below(path: str) -> bool:
    """Look at the path as it stands and as somebody who decodes it once more would see it."""
    for seen in (path, unquote(path)):
        if seen.startswith("/") or "//" in seen or "\\" in seen or _CONTROL.search(seen) or _SCHEME.match(seen):
            return False
        if any(part in {".", ".."} for part in seen.split("/")):
            return False
    return True


def portal_origin(request: HttpRequest) -> str:
    """Return the address of the portal as this visitor has it."""
    return f"{urlsplit(registry.site().base_url).scheme}://{request.get_host()}"


def session_origin(request: HttpRequest, job: Job) -> str:
    """Return the origin of a session for this visitor; empty where it is the portal's own, by path.

    A host of its own where the visitor can resolve one, else a port of its own: `*.localhost` is always the visitor's
    own machine. Raises `ResourceUnavailable` where there is neither.
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
