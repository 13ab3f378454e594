"""Addresses of sessions: on an own host, on an own port, or below a path of the portal.

A session with an own host or port is served there only. A session below a path shares the portal's origin, so that its
pages can act as the portal: only sites that enable it explicitly use this.
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
    """The two parts of an address that opens a session; clients concatenate them."""

    url_domain: str
    url_path: str

    @property
    def url(self) -> str:
        """The complete address."""
        return self.url_domain + self.url_path


def base_path(*, resource: str, job_id: int) -> str:
    """Return the base path of a session, the same on its own host, on its own port and below the portal."""
    return f"/passthrough/{resource}/{job_id}/"


def session_domain(resource: str) -> str:
    """Return the parent domain of the session hosts of a resource; empty if it has none."""
    known = registry.site().resources.get(resource)
    return known.passthrough_domain.lower() if known else ""


def session_domains() -> tuple[str, ...]:
    """Return the parent domains of all session hosts."""
    return tuple(sorted({session_domain(resource) for resource in registry.site().resources} - {""}))


def session_host(*, resource: str, job_id: int) -> str:
    """Return the session host of a job; empty if it has none."""
    domain = session_domain(resource)
    return f"s{job_id}.{domain}" if domain else ""


def is_served_by_path(resource: str) -> bool:
    """Return whether the sessions of a resource share the portal's origin."""
    return resource in registry.site().path_mode_resources


def is_session_host(name: str) -> bool:
    """Return whether a host name (without its port) is a session host or a subdomain of one."""
    # A name with a trailing dot is the same in DNS, and browsers send the dot in `Host`.
    labels = name.lower().removesuffix(".")
    domains = session_domains()
    below = (labels.removesuffix(f".{domain}") for domain in domains if labels.endswith(f".{domain}"))
    return any(SESSION_LABEL.fullmatch(outer.rpartition(".")[2]) for outer in below)


def is_portal_host(name: str) -> bool:
    """Return whether the portal is served under this host name (without its port).

    Patterns of `ALLOWED_HOSTS` for session domains do not count: below these, the portal's host must be listed exactly.
    A hostile site can resolve its name to this server (DNS rebinding), but cannot own an IP address: without a
    configured host, every IP address is accepted.
    """
    if is_session_host(name):
        return False
    domains = {f".{domain}" for domain in session_domains()}
    if validate_host(name.lower(), [known for known in settings.ALLOWED_HOSTS if known.lower() not in domains]):
        return True
    return registry.site().any_ip_address and is_ip_address(name)


def is_ip_address(name: str) -> bool:
    """Return whether the name in a `Host` header is an IP address."""
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def is_localhost(name: str) -> bool:
    """Return whether browsers resolve this name to their own machine."""
    bare = name.lower().rstrip(".")
    return bare == "localhost" or bare.endswith(".localhost")


def is_loopback(name: str) -> bool:
    """Return whether a host name or IP address is the browser's own machine."""
    if is_localhost(name):
        return True
    try:
        return ipaddress.ip_address(name.removeprefix("[").removesuffix("]")).is_loopback
    except ValueError:
        return False


def split_host(host: str) -> tuple[str, str]:
    """Return name and port of a `Host` header; an IPv6 address keeps its brackets, the port may be empty."""
    if host.startswith("["):
        name, bracket, rest = host.partition("]")
        return name + bracket, rest.lstrip(":")
    name, _, port = host.partition(":")
    return name, port


def address_of(*, claim: TicketClaims, resource: str, serves_at: str, now: datetime) -> Address:
    """Return the address at which an API client opens a session, with a new ticket for the user of the claim.

    `serves_at` is the page below the base path, such as `lab`. If browsers cannot resolve the session host, the address
    is one of the portal, which redirects.
    """
    ticket = sign(claim, Purpose.TICKET, now=now)
    path = base_path(resource=resource, job_id=claim.job_id) + serves_at
    return Address(
        url_domain=usual_origin(resource=resource, job_id=claim.job_id),
        url_path=f"{path}{'&' if '?' in serves_at else '?'}{TICKET_PARAMETER}={ticket}",
    )


def usual_origin(*, resource: str, job_id: int) -> str:
    """Return the origin of a session, or the portal's origin if that redirects to the session."""
    base = urlsplit(registry.site().base_url)
    host = session_host(resource=resource, job_id=job_id)
    # `s1.localhost` is the browser's own machine: it is not this server if the portal has another address.
    if not host or (is_localhost(host) and not is_loopback(base.hostname or "")):
        return registry.site().base_url
    return f"{base.scheme}://{host}{f':{base.port}' if base.port else ''}"
