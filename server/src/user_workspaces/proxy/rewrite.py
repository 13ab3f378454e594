"""Rebuilds heads on their way: what the session may see of a request, and what a browser may take from a session."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from user_workspaces.proxy.head import RequestHead, ResponseHead
from user_workspaces.proxy.routes import Route

OWN_COOKIE_PREFIX: Final = b"uws-"
OWN_COOKIES: Final = frozenset((b"sessionid", b"csrftoken"))
"""Cookies of the hub: a session never sees one, and never sets one."""

_HOP_BY_HOP: Final = frozenset(
    (
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        b"http2-settings",
    )
)
_KEPT_FROM_SESSIONS: Final = _HOP_BY_HOP | {
    b"authorization",
    b"uws-authorization",
    b"forwarded",
    b"x-real-ip",
    b"cookie",
}
_KEPT_FROM_BROWSERS: Final = _HOP_BY_HOP | {
    # What would act on the whole origin, which by path is the hub's too.
    b"clear-site-data",
    b"service-worker-allowed",
    b"strict-transport-security",
    b"alt-svc",
    b"nel",
    b"report-to",
    # Orders to a web server in front of this one, such as to send a file of the machine.
    b"x-accel-redirect",
    b"x-accel-buffering",
    b"x-accel-charset",
    b"x-accel-expires",
    b"x-accel-limit-rate",
    b"x-sendfile",
}
_NOT_TO_BE_NAMED: Final = frozenset((b"host", b"content-length", b"transfer-encoding"))
"""`Connection` cannot make us drop what frames and addresses the message."""
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_SWITCHING: Final = 101
_NO_CONTENT: Final = 204


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sent a request, as the session is told."""

    address: bytes
    scheme: bytes


def sender_of(head: RequestHead, *, peer: str, scheme: bytes, trusted_proxies: frozenset[str]) -> Sender:
    """Return who sent a request; a proxy in front is believed only when its address is among the trusted."""
    if peer not in trusted_proxies:
        return Sender(peer.encode("ascii"), scheme)
    told = head.first.get(b"x-forwarded-proto", b"").lower()
    nearest = b",".join(head.all(b"x-forwarded-for")).rpartition(b",")[2].strip(b" \t")
    return Sender(nearest or peer.encode("ascii"), told if told in (b"http", b"https") else scheme)


def request_to_session(head: RequestHead, *, route: Route, sender: Sender) -> bytes:
    """Return the head that the session gets."""
    dropped = head.connection - _NOT_TO_BE_NAMED
    out = [b"%s %s HTTP/1.%d" % (head.method, head.target, head.minor)]
    for name, value in head.fields:
        if name not in dropped and _is_for_sessions(name):
            out.append(name + b": " + value)
    if cookies := _foreign_cookies(head):
        out.append(b"cookie: " + cookies)
    if head.chunked:
        out.append(b"transfer-encoding: chunked")
    if route.endpoint.authorization:
        out.append(b"authorization: " + route.endpoint.authorization.encode("latin-1"))
    out.append(
        b"x-forwarded-for: %s\r\nx-forwarded-proto: %s\r\nx-forwarded-host: %s\r\n%s\r\n\r\n"
        % (sender.address, sender.scheme, head.host, _connection(head))
    )
    return b"\r\n".join(out)


@lru_cache(maxsize=1024)
def _is_for_sessions(name: bytes) -> bool:
    # Some servers read `_` in a name as `-`: such a field could pass for one that is dropped here.
    return name not in _KEPT_FROM_SESSIONS and b"_" not in name and not name.startswith(b"x-forwarded-")


def _connection(head: RequestHead) -> bytes:
    if head.websocket:
        return b"connection: Upgrade\r\nupgrade: websocket"
    return b"connection: keep-alive" if head.minor else b"connection: close"


def _foreign_cookies(head: RequestHead) -> bytes:
    """Return the cookies that are not ours; of a repeated name the first, which is the one scripts see first."""
    kept: dict[bytes, bytes] = {}
    for name, pair in head.cookies:
        if not _is_own(name):
            kept.setdefault(name, pair)
    return b"; ".join(kept.values())


@lru_cache(maxsize=1024)
def _is_own(name: bytes) -> bool:
    name = name.lower()
    return name.startswith(OWN_COOKIE_PREFIX) or name in OWN_COOKIES


def response_to_browser(head: ResponseHead, *, close: bool) -> bytes:
    """Return the head that the browser gets; `close`: the connection ends with this response."""
    switching = head.status == _SWITCHING
    bodiless = head.status < 200 or head.status == _NO_CONTENT  # noqa: PLR2004 - interim responses
    dropped = head.connection - _NOT_TO_BE_NAMED
    out = [b"HTTP/1.1 %d %s" % (head.status, head.reason)]
    for name, value in head.fields:
        if name in _KEPT_FROM_BROWSERS or name in dropped or (bodiless and name == b"content-length"):
            continue
        if name == b"set-cookie":
            if cookie := _host_only(value):
                out.append(b"set-cookie: " + cookie)
        else:
            out.append(name + b": " + value)
    if head.chunked and not bodiless:
        out.append(b"transfer-encoding: chunked")
    if switching:
        out.append(b"connection: Upgrade\r\nupgrade: websocket")
    elif close:
        out.append(b"connection: close")
    out.append(b"\r\n")
    return b"\r\n".join(out)


def _host_only(cookie: bytes) -> bytes:
    """Return a `Set-Cookie` value without its Domain; empty for a cookie that a session may not set."""
    pair, *attributes = cookie.split(b";")
    # A cookie without a name is sent back as its bare value, which may look like any other cookie.
    name, equals, _ = pair.partition(b"=")
    if not equals or not name.strip(b" \t") or _is_own(name.strip(b" \t")):
        return b""
    kept = [part for part in attributes if part.partition(b"=")[0].strip(b" \t").lower() != b"domain"]
    return b";".join([pair, *kept])


def refuses_our_secret(head: ResponseHead, *, route: Route) -> bool:
    """Whether the session sends the browser to its own log-in, so did not take our `Authorization`."""
    if head.status not in _REDIRECTS or not route.endpoint.authorization:
        return False
    path = head.first.get(b"location", b"").partition(b"?")[0]
    return path.endswith(route.base_path.encode("ascii") + b"login")
