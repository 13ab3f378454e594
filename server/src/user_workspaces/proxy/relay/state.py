"""What all connections share: the routes, the settings, the idle connections, and what is open for each job."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from user_workspaces.client_address import TrustedProxies
from user_workspaces.proxy.http1.parser import RequestHead
from user_workspaces.proxy.relay.connection_limits import ConnectionLimits
from user_workspaces.proxy.relay.upstream import Pool
from user_workspaces.proxy.routing.cookie_cache import CookieCache
from user_workspaces.proxy.routing.routes import NO_PLACES, Decision, RouteTable, SessionOrigins, VerifyCookie, decide


@dataclass(frozen=True, slots=True)
class ProxyLimits:
    """How long we wait, in seconds. Open streams and WebSockets have no limit."""

    head: float = 30.0
    """For a request's head, from its first byte (or from the connection's opening)."""
    connect: float = 5.0
    """For a connection to a session."""
    idle: float = 75.0
    """For the next request on a connection."""
    linger: float = 10.0
    """For a client that still sends the body of a request that is answered already."""
    upstream_idle: float = 30.0
    """For which a connection to a session is kept unused."""
    upstreams_per_job: int = 32
    """How many of them are kept (a number, not a time)."""


class OpenExchange(Protocol):
    """Something that relays between a browser and a session."""

    def cut(self) -> None:
        """End it at once, both sides."""


class ProxyState:
    """One for a process: give it to `relay_protocol`, and call `close` when the server ends."""

    def __init__(
        self,
        *,
        table: RouteTable,
        verify_cookie: VerifyCookie,
        locations: SessionOrigins = NO_PLACES,
        trusted_proxies: Collection[str] = (),
        public_scheme: str = "http",
        limits: ProxyLimits | None = None,
        connections: ConnectionLimits | None = None,
    ) -> None:
        self.table = table
        self.trusted_proxies = TrustedProxies(trusted_proxies)
        """The web servers in front of this one, whose `X-Forwarded-*` are believed."""
        self.public_scheme = public_scheme
        """That of `base_url`, for proxies that tell none."""
        self.connections = connections or ConnectionLimits()
        self.limits = limits or ProxyLimits()
        self.pool = Pool(per_job=self.limits.upstreams_per_job, idle_limit=self.limits.upstream_idle)
        self._verify_cookie = CookieCache(verify_cookie)
        self.locations = locations
        self._open: dict[int, set[OpenExchange]] = {}
        table.on_gone(self._cut)

    def decide(self, head: RequestHead, *, port: int) -> Decision:
        """Decide about one request that came in on this port of ours."""
        return decide(head, table=self.table, verify_cookie=self._verify_cookie, locations=self.locations, port=port)

    def opened(self, job_id: int, relay: OpenExchange) -> None:
        """Remember a relay, so that it is cut with its route."""
        self._open.setdefault(job_id, set()).add(relay)

    def ended(self, job_id: int, relay: OpenExchange) -> None:
        """Forget a relay that ended; no-op when it is forgotten."""
        relays = self._open.get(job_id)
        if relays is not None:
            relays.discard(relay)
            if not relays:
                del self._open[job_id]

    def open_relays(self, job_id: int) -> int:
        """Return how many requests and WebSockets of a job are being relayed."""
        return len(self._open.get(job_id, ()))

    def count_open(self) -> int:
        """Return how many there are of all jobs; also from other threads, where it may be off by a few."""
        return sum(map(len, tuple(self._open.values())))

    def close(self) -> None:
        """Close the idle connections to sessions; what is open ends with its browser's connection."""
        self.pool.close()

    def _cut(self, job_id: int) -> None:
        self.pool.drop(job_id)
        for relay in self._open.pop(job_id, set()):
            relay.cut()
