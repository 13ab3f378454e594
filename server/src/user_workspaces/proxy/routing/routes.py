"""The table of running sessions, and the decision about one request."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from user_workspaces.interfaces.endpoint import Endpoint, Mount
from user_workspaces.proxy.http1.parser import RequestHead, without_default_port

_PREFIX: Final = b"/passthrough/"
# Longer numbers may exceed the 64-bit keys of the database.
_ID_DIGITS: Final = 18
_SAFE: Final = frozenset((b"GET", b"HEAD", b"OPTIONS"))
# Each attempt may cost a signature: a client must not choose how many.
_COOKIES_TRIED: Final = 4


@dataclass(frozen=True, slots=True)
class Route:
    """A running session that is ready."""

    job_id: int
    owner_id: int
    epoch: int
    """The owner's session epoch: cookies of another epoch are invalid."""
    base_path: str
    """`/passthrough/local/12/`"""
    endpoint: Endpoint
    host: bytes = b""
    """Its own host in lower case; empty if it has none."""
    port: int | None = None
    """Its own port, if it has one."""
    by_path: bool = False
    """True if it is served on the portal's hosts."""


@dataclass(frozen=True, slots=True)
class CookieClaims:
    """The content of a valid session cookie."""

    job_id: int
    user_id: int
    epoch: int
    expires_at: float = 0.0
    """Unix time until which the cookie is valid; 0: verify it each time."""


VerifyCookie = Callable[[str, int], CookieClaims | None]
"""Maps a cookie's value and a job id to its claims; None for an invalid or expired cookie."""


class RouteTable:
    """The ready sessions by job id. Use it only in the thread of the event loop."""

    def __init__(self) -> None:
        self._routes: dict[int, Route] = {}
        self._by_port: dict[int, int] = {}
        self._listeners: list[Callable[[int], None]] = []
        self._change_listeners: list[Callable[[], None]] = []

    def get(self, job_id: int) -> Route | None:
        """Return the route of a job, or None; the same object until the route changes."""
        return self._routes.get(job_id)

    def job_of_port(self, port: int) -> int | None:
        """Return the job whose session has this port, or None."""
        return self._by_port.get(port)

    def replace(self, routes: Iterable[Route]) -> None:
        """Replace all routes, and notify the listeners about each route that was removed or changed."""
        old = self._routes
        new = {route.job_id: route for route in routes}
        self._routes = {job_id: route if old.get(job_id) != route else old[job_id] for job_id, route in new.items()}
        self._by_port = {route.port: job_id for job_id, route in new.items() if route.port is not None}
        # A changed route counts as removed: after a logout (a new epoch), open connections must be cut as well.
        for job_id, route in old.items():
            if new.get(job_id) != route:
                for listener in self._listeners:
                    listener(job_id)
        for changed in self._change_listeners:
            changed()

    def ports(self) -> frozenset[int]:
        """Return the ports of sessions."""
        return frozenset(route.port for route in self._routes.values() if route.port is not None)

    def on_replace(self, callback: Callable[[], None]) -> None:
        """Call this after each `replace`."""
        self._change_listeners.append(callback)

    def on_gone(self, callback: Callable[[int], None]) -> None:
        """Call this with the job's id after its route was removed or changed."""
        self._listeners.append(callback)


@dataclass(frozen=True, slots=True)
class SessionOrigins:
    """The origins of sessions, apart from their routes."""

    domains: tuple[str, ...] = ()
    """Domains below which each session has a host: `s12.<domain>`."""
    ports: range = range(0)
    """Ports that serve sessions only."""
    cookie: bytes = b"uws-session-%d"
    """Format of a session cookie's name."""
    is_portal: Callable[[bytes], bool] = lambda _host: True
    """True if a `Host` header names the portal. Sessions by path or on a port are served under its names only."""


NO_ORIGINS: Final = SessionOrigins()


@dataclass(frozen=True, slots=True)
class Relay:
    """Relay the request to this session."""

    route: Route


@dataclass(frozen=True, slots=True)
class HandOver:
    """Pass the request to Django: a page of the portal, or a status page of a session."""


@dataclass(frozen=True, slots=True)
class Reject:
    """Respond with this error."""

    status: int
    text: str


Decision = Relay | HandOver | Reject
_HAND_OVER: Final = HandOver()


def decide(
    head: RequestHead,
    *,
    table: RouteTable,
    verify_cookie: VerifyCookie,
    origins: SessionOrigins = NO_ORIGINS,
    port: int = 0,
) -> Decision:
    """Decide about one request by its head and the port on which it was received."""
    path, _, query = head.target.partition(b"?")
    websocket = head.websocket
    named = passthrough_job(path)
    job_id = _job_of_origin(head.host, port=port, table=table, origins=origins) if named is None else named
    route = None if job_id is None else table.get(job_id)
    # Sessions with `Mount.ROOT` are relayed outside of `/passthrough/` only, all others below it only.
    is_mounted_elsewhere = (route is not None and route.endpoint.mount == Mount.ROOT) is not (named is None)
    if is_mounted_elsewhere and (named is None or route is not None):
        is_of_a_session = websocket and (job_id is not None or port in origins.ports)
        return Reject(404, "There is no such session here.") if is_of_a_session else _HAND_OVER
    # This comes before the cookie: on another origin than its own, a cookie of the session must not count.
    if not is_own_origin(route, host=head.host, port=port, origins=origins):
        return Reject(404, "There is no such session here.") if websocket else _HAND_OVER
    # Django redeems tickets with redirects, which a WebSocket handshake cannot follow.
    if named is not None and _has_ticket(query):
        return Reject(403, "A ticket does not open a WebSocket.") if websocket else _HAND_OVER
    # Sibling sessions are same-site, so `SameSite` does not keep the cookie out of requests that their pages make.
    if (websocket or head.method not in _SAFE) and (reason := _doubt(head)):
        return Reject(403, reason)
    if route is not None:
        for claim in _verified_cookie(head, route.job_id, verify_cookie, origins.cookie):
            if claim.user_id == route.owner_id and claim.epoch == route.epoch:
                return Relay(route)
    return Reject(403, "Open the session from the workspace's page first.") if websocket else _HAND_OVER


def _job_of_origin(host: bytes, *, port: int, table: RouteTable, origins: SessionOrigins) -> int | None:
    """Return the job that this port or host belongs to."""
    return table.job_of_port(port) if port in origins.ports else origin_job(host, origins.domains)


def is_own_origin(route: Route | None, *, host: bytes, port: int, origins: SessionOrigins) -> bool:
    """Return whether this session is served on this host and port.

    The port is that of the server's socket, never the client's claim. Below a domain the port does not matter (a tunnel
    may use another one), but the host has to equal the session's exactly.
    """
    if route is None:
        return False
    if port in origins.ports or origin_job(host, origins.domains) is None:
        is_served = route.port == port if port in origins.ports else route.by_path
        return is_served and origins.is_portal(host)
    return bool(route.host) and _name_of(host) == route.host


def passthrough_job(path: bytes) -> int | None:
    """Return the job id of `/passthrough/<anything>/<job id>/...`; None for any other path."""
    if not path.startswith(_PREFIX):
        return None
    parts = path.split(b"/", 4)
    if len(parts) <= 4 or not parts[2]:  # noqa: PLR2004 - "", state, anything, job id, rest
        return None
    return _job_id(parts[3])


@lru_cache(maxsize=4096)
def origin_job(host: bytes, domains: tuple[str, ...]) -> int | None:
    """Return the job of a session host; None for other hosts; -1 for a host below a session host, which no job has."""
    # A name with a final dot resolves to the same address: it must not pass as another host.
    name = _name_of(host).removesuffix(b".")
    for domain in domains:
        labels = name.removesuffix(b"." + domain.lower().encode("ascii"))
        if labels == name:
            continue
        outer, _, label = labels.rpartition(b".")
        job_id = _job_id(label[1:]) if label.startswith(b"s") else None
        if job_id is not None:
            return -1 if outer else job_id
    return None


def _name_of(host: bytes) -> bytes:
    return host.lower().partition(b":")[0]


def _job_id(digits: bytes) -> int | None:
    return int(digits) if digits.isdigit() and len(digits) <= _ID_DIGITS else None


def _has_ticket(query: bytes) -> bool:
    return b"ticket=" in query and any(part.startswith(b"ticket=") for part in query.split(b"&"))


def _is_cross_origin(head: RequestHead) -> bool:
    """Return whether a page of another origin made this request, by the browser's headers."""
    if head.headers.first.get(b"sec-fetch-site", b"").lower() in (b"cross-site", b"same-site"):
        return True
    origin = head.headers.first.get(b"origin")
    # The scheme is not compared, because TLS may end in a web server in front of this one.
    return origin is not None and without_default_port(origin.lower().partition(b"://")[2]) != head.host.lower()


def _doubt(head: RequestHead) -> str:
    """Return why a request may have been forged by another site; empty if it was not."""
    if _is_cross_origin(head):
        return "This request comes from another site."
    if head.websocket and not (b"origin" in head.headers.first or _is_from_a_program(head)):
        return "A WebSocket of a browser has an Origin; a program may send UWS-Authorization instead."
    return ""


def _is_from_a_program(head: RequestHead) -> bool:
    """Return whether the request has a header that no web page can add to a WebSocket handshake.

    Browsers add `Authorization` automatically for Basic and Negotiate, never for these schemes.
    """
    known = head.headers.first
    scheme = known.get(b"authorization", b"").lower().partition(b" ")[0]
    return b"uws-authorization" in known or scheme in (b"token", b"bearer")


def _verified_cookie(head: RequestHead, job_id: int, verify_cookie: VerifyCookie, cookie: bytes) -> list[CookieClaims]:
    """Return the valid claims to this job. A page of a sibling domain may have set another cookie of the same name."""
    wanted = cookie % job_id
    claims = []
    for pair in [pair for name, pair in head.headers.cookies if name == wanted][:_COOKIES_TRIED]:
        claim = verify_cookie(pair.partition(b"=")[2].strip(b" \t").decode("latin-1"), job_id)
        if claim is not None and claim.job_id == job_id:
            claims.append(claim)
    return claims
