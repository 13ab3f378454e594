"""Rebuilds heads on their way: what the session may see of a request, and what a browser may take from a session."""

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

from user_workspaces.client_address import TrustedProxies, client_address, client_scheme
from user_workspaces.proxy.http1.headers import TOKEN, Headers, Pairs
from user_workspaces.proxy.http1.parser import RequestHead, ResponseHead, without_default_port
from user_workspaces.proxy.routing.mount import prefix_of, target_of, with_prefix
from user_workspaces.proxy.routing.routes import Route

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
    # It would let pages of other origins read responses made with the user's cookie.
    b"access-control-allow-credentials",
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


@dataclass(frozen=True)
class Client:
    """Who sent a request, as the session is told."""

    address: bytes
    scheme: bytes

    @cached_property
    def lines(self) -> bytes:
        """The lines of a head that tell it, each with its end."""
        return b"x-forwarded-for: %b\r\nx-forwarded-proto: %b\r\n" % (self.address, self.scheme)


def client_of(head: RequestHead, *, peer: Client, proxies: TrustedProxies, public_scheme: str) -> Client:
    """Return who sent a request; a proxy in front is believed only when its address is among the trusted."""
    told = head.fields
    address, own = peer.address.decode("ascii"), peer.scheme.decode("ascii")
    return _client(
        client_address(peer=address, forwarded_for=_joined(told, b"x-forwarded-for"), proxies=proxies),
        client_scheme(
            peer=address,
            own=own,
            forwarded_proto=_joined(told, b"x-forwarded-proto"),
            proxies=proxies,
            public=public_scheme,
        ),
    )


@lru_cache(maxsize=4096)
def _client(address: str, scheme: str) -> Client:
    return Client(address.encode("ascii"), scheme.encode("ascii"))


def _joined(fields: Headers, name: bytes) -> str:
    return b",".join(fields.all(name)).decode("latin-1")


def request_to_session(head: RequestHead, *, route: Route, sender: Client) -> bytes:
    """Return the head that the session gets."""
    fields, hidden = head.fields, route.endpoint.strip_headers
    if not (fields.for_session or hidden):
        fields.for_session = _for_session(fields)
    authorization = route.endpoint.authorization
    prefix = prefix_of(head, route)
    return b"%b %b HTTP/1.%d\r\n%b%b%b%bx-forwarded-host: %b\r\n%b\r\n\r\n" % (
        head.method,
        target_of(head, prefix=prefix),
        head.minor,
        _for_session(fields, hidden) if hidden else fields.for_session,
        f"authorization: {authorization}\r\n".encode("latin-1") if authorization else b"",
        sender.lines,
        b"x-forwarded-prefix: %b\r\n" % prefix if prefix else b"",
        head.host,
        _connection(head),
    )


def _for_session(fields: Headers, hidden: Collection[str] = ()) -> bytes:
    """Return the lines that are passed on, each with its end."""
    dropped = _KEPT_FROM_SESSIONS | _named(fields) | {name.encode("latin-1") for name in hidden}
    out = [
        name + b": " + (without_default_port(value) if name == b"host" else value) + b"\r\n"
        for name, value in fields.pairs
        # Some servers read `_` in a name as `-`: such a field could pass for one that is dropped here.
        if name not in dropped and b"_" not in name and not name.startswith(b"x-forwarded-")
    ]
    cookies = b"" if "cookie" in hidden else _foreign_cookies(fields)
    if cookies:
        out.append(b"cookie: %b\r\n" % cookies)
    if fields.chunked:
        out.append(b"transfer-encoding: chunked\r\n")
    return b"".join(out)


def _named(fields: Headers) -> frozenset[bytes]:
    """Return the fields that `Connection` names, and that are for one hop therefore."""
    return fields.connection - _NOT_TO_BE_NAMED


def _connection(head: RequestHead) -> bytes:
    if head.websocket:
        return b"connection: Upgrade\r\nupgrade: websocket"
    return b"connection: keep-alive" if head.minor else b"connection: close"


def _foreign_cookies(fields: Headers) -> bytes:
    """Return the cookies that are not ours; of a repeated name the first, which is the one scripts see first."""
    kept: dict[bytes, bytes] = {}
    for name, pair in fields.cookies:
        if not _is_own(name):
            kept.setdefault(name, pair)
    return b"; ".join(kept.values())


def _is_own(name: bytes) -> bool:
    name = name.lower().removeprefix(b"__host-").removeprefix(b"__secure-")
    return name.startswith(OWN_COOKIE_PREFIX) or name in OWN_COOKIES


def response_to_browser(head: ResponseHead, *, close: bool, prefix: bytes = b"", host: bytes = b"") -> bytes:
    """Return the head that the browser gets; `close`: the connection ends with this response.

    `prefix` is what the session did not see of the path (see `mount`), and `host` the one that was asked for.
    """
    fields, status = head.fields, head.status
    bodiless = status < 200 or status == _NO_CONTENT  # noqa: PLR2004 - interim responses
    dropped = _not_for_browsers(fields, bodiless=bodiless)
    out = [b"HTTP/1.1 %d %b" % (status, head.reason)]
    pairs = _with_host_only_cookies(fields.pairs) if b"set-cookie" in fields.first else fields.pairs
    if prefix:
        pairs = with_prefix(pairs, prefix=prefix, host=host)
    out += [name + b": " + value for name, value in pairs if name not in dropped]
    if fields.chunked and not bodiless:
        out.append(b"transfer-encoding: chunked")
    if status == _SWITCHING:
        out.append(b"connection: Upgrade\r\nupgrade: websocket")
    elif close:
        out.append(b"connection: close")
    out.append(b"\r\n")
    return b"\r\n".join(out)


def _not_for_browsers(fields: Headers, *, bodiless: bool) -> frozenset[bytes]:
    """Return the names that are left out."""
    dropped = _KEPT_FROM_BROWSERS | _named(fields) if fields.connection else _KEPT_FROM_BROWSERS
    return dropped | {b"content-length"} if bodiless else dropped


def _with_host_only_cookies(pairs: Pairs) -> Pairs:
    changed = ((name, _host_only(value) if name == b"set-cookie" else value) for name, value in pairs)
    return tuple((name, value) for name, value in changed if value or name != b"set-cookie")


def _host_only(cookie: bytes) -> bytes:
    """Return a `Set-Cookie` value without its Domain; empty for a cookie that a session may not set."""
    pair, *attributes = cookie.split(b";")
    # A cookie without a name is sent back as its bare value, which may look like any other cookie.
    name, equals, _ = pair.partition(b"=")
    name = name.strip(b" \t")
    # Of an odd one Django would strip more than browsers do, and find a name of ours.
    if not equals or not name or name.translate(None, TOKEN) or _is_own(name):
        return b""
    kept = [part for part in attributes if part.partition(b"=")[0].strip(b" \t").lower() != b"domain"]
    return b";".join([pair, *kept])


def refuses_our_secret(head: ResponseHead, *, route: Route) -> bool:
    """Whether the session sends the browser to its own log-in, so did not take our `Authorization`."""
    if head.status not in _REDIRECTS or not route.endpoint.authorization:
        return False
    path = head.fields.first.get(b"location", b"").partition(b"?")[0]
    return path.endswith(route.base_path.encode("ascii") + b"login")
