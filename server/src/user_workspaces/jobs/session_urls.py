"""Where browsers find a session: on a host of its own, on a port of its own, or below a path of the portal's.

A session that has a host or a port of its own is served there and nowhere else. By path it shares the portal's origin,
where nothing keeps its pages from acting as the portal: that is for sites that have asked for it.
"""

import ipaddress
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import validate_host

from user_workspaces import registry
from user_workspaces.jobs.tickets import TICKET_PARAMETER, Purpose, TicketClaims, sign

SESSION_LABEL = re.compile(r"s[0-9]+")


@dataclass(frozen=True, slots=True)
class Address:
    """The two parts that a client puts together; nothing else is needed to open the session."""

    url_domain: str
    url_path: str

    @property
    def url(self) -> str:
        """The whole address."""
        return self.url_domain + self.url_path


def base_path(*, resource: str, job_id: int) -> str:
    """Return the path that a session is served below, the same in all forms."""
    return f"/passthrough/{resource}/{job_id}/"


def session_domain(resource: str) -> str:
    """Return the domain below which the sessions of a resource have their hosts; empty: there is none."""
    known = registry.site().resources.get(resource)
    return known.passthrough_domain.lower() if known else ""


def session_domains() -> tuple[str, ...]:
    """Return the domains below which sessions have their hosts."""
    return tuple(sorted({session_domain(resource) for resource in registry.site().resources} - {""}))


def session_host(*, resource: str, job_id: int) -> str:
    """Return the host name of a session's own origin; empty: it has none."""
    domain = session_domain(resource)
    return f"s{job_id}.{domain}" if domain else ""


def is_served_by_path(resource: str) -> bool:
    """Return whether the sessions of a resource share the portal's origin."""
    return resource in registry.site().path_mode_resources


def is_session_host(name: str) -> bool:
    """Return whether a host name (without its port) is, or lies below, a session's own host."""
    labels = name.lower().removesuffix(".")
    domains = session_domains()
    below = (labels.removesuffix(f".{domain}") for domain in domains if labels.endswith(f".{domain}"))
    return any(SESSION_LABEL.fullmatch(outer.rpartition(".")[2]) for outer in below)


def is_portal_host(name: str) -> bool:
    """Return whether the portal answers under this host name (without its port).

    Below a domain of sessions it has to be named to the letter. A page of another site can point a name at this server,
    but not an IP address: where the site has named no address of its own, every IP address will do.
    """
    if is_session_host(name):
        return False
    domains = {f".{domain}" for domain in session_domains()}
    if validate_host(name.lower(), [known for known in settings.ALLOWED_HOSTS if known.lower() not in domains]):
        return True
    return registry.site().any_ip_address and is_ip_address(name)


def is_ip_address(name: str) -> bool:
    """Return whether the name in a `Host` field is an IP address."""
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def is_localhost(name: str) -> bool:
    """Return whether browsers take this name, or names below it, for their own machine."""
    bare = name.lower().rstrip(".")
    return bare == "localhost" or bare.endswith(".localhost")


def is_loopback(name: str) -> bool:
    """Return whether a host name or IP address is the visitor's own machine."""
    if is_localhost(name):
        return True
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def split_host(host: str) -> tuple[str, str]:
    """Return name and port of a `Host` field; an IPv6 address keeps its brackets, the port may be empty."""
    if host.startswith("["):
        name, bracket, rest = host.partition("]")
        return name + bracket, rest.lstrip(":")
    name, _, port = host.partition(":")
    return name, port


def address_of(*, claim: TicketClaims, resource: str, serves_at: str, now: datetime) -> Address:
    """Return where a client of the API opens a session, with a fresh ticket for the user of the claim.

    `serves_at` is the page below the base path (`lab`). Where browsers cannot resolve the session's own host it is an
    address of the portal's, which leads on.
    """
    ticket = sign(claim, Purpose.TICKET, now=now)
    path = base_path(resource=resource, job_id=claim.job_id) + serves_at
    return Address(
        url_domain=usual_origin(resource=resource, job_id=claim.job_id),
        url_path=f"{path}{'&' if '?' in serves_at else '?'}{TICKET_PARAMETER}={ticket}",
    )


def usual_origin(*, resource: str, job_id: int) -> str:
    """Return the origin under which browsers usually find a session, or the way to it."""
    base = urlsplit(registry.site().base_url)
    host = session_host(resource=resource, job_id=job_id)
    if not host or (is_localhost(host) and not is_loopback(base.hostname or "")):
        return registry.site().base_url
    return f"{base.scheme}://{host}{f':{base.port}' if base.port else ''}"
