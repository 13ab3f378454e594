"""Where browsers find a session: under an origin of its own where names allow it, else by path."""

import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings

from user_workspaces import registry
from user_workspaces.jobs.tickets import TICKET_PARAMETER, Claim, Purpose, sign

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
    """Return the path that a session is served below, the same in both forms."""
    return f"/passthrough/{resource}/{job_id}/"


def session_host(*, resource: str, job_id: int) -> str:
    """Return the host name of a session's own origin; empty: it has none."""
    domain = registry.site().resources[resource].passthrough_domain if resource in registry.site().resources else ""
    return f"s{job_id}.{domain}" if domain else ""


def host_names(*, resource: str, job_id: int) -> tuple[str, ...]:
    """Return every host name that a browser may use for this session."""
    own = session_host(resource=resource, job_id=job_id)
    plain = [name.strip("[]") for name in settings.ALLOWED_HOSTS if not name.startswith(".") and name != "*"]
    base = urlsplit(registry.site().base_url).hostname or ""
    return tuple(dict.fromkeys(name.lower() for name in [own, base, *plain] if name))


def is_session_host(name: str) -> bool:
    """Return whether a host name (without its port) is, or lies below, a session's own origin."""
    labels = name.lower().removesuffix(".")
    domains = {resource.passthrough_domain.lower() for resource in registry.site().resources.values()}
    below = (labels.removesuffix(f".{domain}") for domain in domains if domain and labels.endswith(f".{domain}"))
    return any(SESSION_LABEL.fullmatch(outer.rpartition(".")[2]) for outer in below)


def address_of(*, claim: Claim, resource: str, serves_at: str, now: datetime, own_origin: bool = True) -> Address:
    """Return where to open a session, with a fresh ticket for the person of the claim.

    `serves_at` is the page below the base path (`lab`). Without `own_origin` it is the path form.
    """
    base = urlsplit(registry.site().base_url)
    host = session_host(resource=resource, job_id=claim.job_id) if own_origin else ""
    port = f":{base.port}" if base.port else ""
    domain = f"{base.scheme}://{host}{port}" if host else registry.site().base_url
    ticket = sign(claim, Purpose.TICKET, now=now)
    path = base_path(resource=resource, job_id=claim.job_id)
    return Address(url_domain=domain, url_path=f"{path}{serves_at}?{TICKET_PARAMETER}={ticket}")
