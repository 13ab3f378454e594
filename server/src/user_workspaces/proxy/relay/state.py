"""State shared by all connections: routes, settings, idle connections, and open exchanges by job."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol

from user_workspaces.client_address import TrustedProxies
from user_workspaces.proxy.http1.parser import RequestHead
from user_workspaces.proxy.relay.connection_limits import ConnectionLimits
from user_workspaces.proxy.relay.upstream import Pool
from user_workspaces.proxy.routing.cookie_cache import CookieCache
from user_workspaces.proxy.routing.routes import NO_ORIGINS, Decision, RouteTable, SessionOrigins, VerifyCookie, decide


@dataclass(frozen=True, slots=True)
class ProxyLimits:
    """Timeouts in seconds. Open streams and WebSockets have none."""

    head: float = 30.0
    """For a request's head, from its first byte or from the start of the connection."""
    connect: float = 5.0
    """To open a connection to a session."""
    idle: float = 75.0
    """For the next request on a connection."""
    linger: float = 10.0
    """For a client that still sends the body of a request whose response is complete."""
    upstream_idle: float = 30.0
    """For an idle connection to a session."""
    upstreams_per_job: int = 32
    """Maximum number of idle connections per job (a count, not seconds)."""


class OpenExchange(Protocol):
    """A relay between a browser and a session."""

    def cut(self) -> None:
        """End both connections at once."""


class ProxyState:
    """The state of one process: pass it to `relay_protocol`, and call `close` when the server stops."""

    def __init__(
        self,
        *,
        table: RouteTable,
        verify_cookie: VerifyCookie,
        origins: SessionOrigins = NO_ORIGINS,
        trusted_proxies: Collection[str] = (),
        public_scheme: str = "http",
        limits: ProxyLimits | None = None,
        connections: ConnectionLimits | None = None,
    ) -> None:
        self.table = table
        self.trusted_proxies = TrustedProxies(trusted_proxies)
        """Web servers in front of this one whose `X-Forwarded-*` headers are trusted."""
        self.public_scheme = public_scheme
        """The scheme of `base_url`, for proxies that send none."""
        self.connections = connections or ConnectionLimits()
        self.limits = limits or ProxyLimits()
        self.pool = Pool(per_job=self.limits.upstreams_per_job, idle_limit=self.limits.upstream_idle)
        self._verify_cookie = CookieCache(verify_cookie)
        self.origins = origins
        self._open: dict[int, set[OpenExchange]] = {}
        table.on_gone(self._cut)

    def decide(self, head: RequestHead, *, port: int) -> Decision:
        """Decide about one request that was received on this port."""
        return decide(head, table=self.table, verify_cookie=self._verify_cookie, origins=self.origins, port=port)

    def opened(self, job_id: int, relay: OpenExchange) -> None:
        """Register a relay, so that it is cut when its route is removed."""
        self._open.setdefault(job_id, set()).add(relay)

    def ended(self, job_id: int, relay: OpenExchange) -> None:
        """Remove a relay that ended; no-op if it was removed."""
        relays = self._open.get(job_id)
        if relays is not None:
            relays.discard(relay)
            if not relays:
                del self._open[job_id]

    def count_open(self) -> int:
        """Return the number of relays of all jobs; from other threads it may be off by a few."""
        # A copy, because the event loop may change the dictionary during the iteration.
        return sum(map(len, tuple(self._open.values())))

    def close(self) -> None:
        """Close the idle connections to sessions; open relays end with their browser's connection."""
        self.pool.close()

    def _cut(self, job_id: int) -> None:
        self.pool.drop(job_id)
        # The set is removed first: `cut` calls `ended`, which must not change it during the iteration.
        for relay in self._open.pop(job_id, set()):
            relay.cut()
