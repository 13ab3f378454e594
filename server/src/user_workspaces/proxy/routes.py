"""Which requests reach which session: the table of running sessions, and the decision about one request."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from user_workspaces.interfaces.values import Endpoint
from user_workspaces.proxy.head import RequestHead

_SESSION_COOKIE: Final = b"uws-session-%d"
_PREFIX: Final = b"/passthrough/"
_ID_DIGITS: Final = 18
_SAFE: Final = frozenset((b"GET", b"HEAD", b"OPTIONS"))
_COOKIES_TRIED: Final = 4


@dataclass(frozen=True, slots=True)
class Route:
    """One running session that answers."""

    job_id: int
    owner_id: int
    epoch: int
    """The owner's session epoch: a cookie of another one is dead."""
    base_path: str
    """`/passthrough/local/12/`"""
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class SessionClaim:
    """What a good session cookie says."""

    job_id: int
    user_id: int
    epoch: int
    expires_at: float = 0.0
    """Unix time until which the cookie is known to be good; 0: it is to be verified every time."""


VerifyCookie = Callable[[str, int], SessionClaim | None]
"""From a cookie's value and the job's id to what it claims; None for a bad or expired one."""


class RouteTable:
    """The sessions that answer, by job id. Belongs to the thread of the event loop that relays."""

    def __init__(self) -> None:
        self._routes: dict[int, Route] = {}
        self._listeners: list[Callable[[int], None]] = []

    def get(self, job_id: int) -> Route | None:
        """Return the live route of a job; the same object for as long as nothing about it changes."""
        return self._routes.get(job_id)

    def replace(self, routes: Iterable[Route]) -> None:
        """Take the new full state, and tell the listeners of every route that vanished or changed."""
        old = self._routes
        new = {route.job_id: route for route in routes}
        self._routes = {job_id: route if old.get(job_id) != route else old[job_id] for job_id, route in new.items()}
        for job_id, route in old.items():
            if new.get(job_id) != route:
                for listener in self._listeners:
                    listener(job_id)

    def on_gone(self, callback: Callable[[int], None]) -> None:
        """Call this with the job's id when its route is gone or another; the table is new by then."""
        self._listeners.append(callback)


@dataclass(frozen=True, slots=True)
class Relay:
    """The request may go to this session."""

    route: Route


@dataclass(frozen=True, slots=True)
class HandOver:
    """The request is for the hub: its pages, or its page about a session that cannot be reached."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """The request is answered at once."""

    status: int
    text: str


Decision = Relay | HandOver | Refuse
_HAND_OVER: Final = HandOver()


def decide(  # noqa: PLR0911 - a table of decisions, read from the top
    head: RequestHead, *, table: RouteTable, verify_cookie: VerifyCookie, session_domains: Sequence[str] = ()
) -> Decision:
    """Decide about one request, from its head alone."""
    path, _, query = head.target.partition(b"?")
    job_id = passthrough_job(path)
    if job_id is None:
        return _HAND_OVER
    websocket = head.websocket
    if origin_job(head.host, tuple(session_domains)) not in (None, job_id):
        return Refuse(404, "There is no such session here.") if websocket else _HAND_OVER
    if _has_ticket(query):
        return Refuse(403, "A ticket does not open a WebSocket.") if websocket else _HAND_OVER
    if (websocket or head.method not in _SAFE) and _comes_from_elsewhere(head):
        return Refuse(403, "This request comes from another site.")
    route = table.get(job_id)
    claims = _claims(head, job_id, verify_cookie)
    if route is not None:
        for claim in claims:
            if claim.user_id == route.owner_id and claim.epoch == route.epoch:
                return Relay(route)
    if not websocket:
        return _HAND_OVER
    if route is None and claims:
        return Refuse(404, "The session does not run.")
    return Refuse(403, "Open the session from the workspace's page first.")


def passthrough_job(path: bytes) -> int | None:
    """Return the job id of `/passthrough/<anything>/<job id>/...`; None for any other path."""
    if not path.startswith(_PREFIX):
        return None
    parts = path.split(b"/", 4)
    if len(parts) <= 4 or not parts[2]:  # noqa: PLR2004 - "", passthrough, anything, job id, rest
        return None
    return _job_id(parts[3])


@lru_cache(maxsize=4096)
def origin_job(host: bytes, domains: tuple[str, ...]) -> int | None:
    """Return the job whose own origin this host is; None: not a session's origin; -1: below one, so nobody's."""
    name = host.lower().partition(b":")[0].removesuffix(b".")
    for domain in domains:
        labels = name.removesuffix(b"." + domain.lower().encode("ascii"))
        if labels == name:
            continue
        outer, _, label = labels.rpartition(b".")
        job_id = _job_id(label[1:]) if label.startswith(b"s") else None
        if job_id is not None:
            return -1 if outer else job_id
    return None


def _job_id(digits: bytes) -> int | None:
    return int(digits) if digits.isdigit() and len(digits) <= _ID_DIGITS else None


def _has_ticket(query: bytes) -> bool:
    return b"ticket=" in query and any(part.startswith(b"ticket=") for part in query.split(b"&"))


def _comes_from_elsewhere(head: RequestHead) -> bool:
    """Whether a browser says that a page of another origin made this request."""
    if head.fields.first.get(b"sec-fetch-site", b"").lower() in (b"cross-site", b"same-site"):
        return True
    origin = head.fields.first.get(b"origin")
    return origin is not None and origin.lower().partition(b"://")[2] != head.host.lower()


def _claims(head: RequestHead, job_id: int, verify_cookie: VerifyCookie) -> list[SessionClaim]:
    """Return the good claims to this job. A foreign cookie of the same name in front hides no good one."""
    wanted = _SESSION_COOKIE % job_id
    claims = []
    for pair in [pair for name, pair in head.fields.cookies if name == wanted][:_COOKIES_TRIED]:
        claim = verify_cookie(pair.partition(b"=")[2].strip(b" \t").decode("latin-1"), job_id)
        if claim is not None and claim.job_id == job_id:
            claims.append(claim)
    return claims
