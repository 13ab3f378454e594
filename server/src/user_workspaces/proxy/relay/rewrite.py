"""Rewrites heads: removes headers that a session must not see or that a browser must not obey."""

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
"""Cookies of the app: a session never gets one and never sets one."""

# They concern one connection only, so each side gets its own (RFC 9110, 7.6.1).
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
# Code in a session must not get credentials for this server; the others are unchecked claims about the client.
_KEPT_FROM_SESSIONS: Final = _HOP_BY_HOP | {
    b"authorization",
    b"uws-authorization",
    b"forwarded",
    b"x-real-ip",
    b"cookie",
}
_KEPT_FROM_BROWSERS: Final = _HOP_BY_HOP | {
    # They act on the whole origin, which a session by path shares with the portal.
    b"clear-site-data",
    b"service-worker-allowed",
    b"strict-transport-security",
    b"alt-svc",
    b"nel",
    b"report-to",
    # It lets pages of other origins read responses to requests with the user's cookie.
    b"access-control-allow-credentials",
    # Instructions to a web server in front of this one, such as to send a local file.
    b"x-accel-redirect",
    b"x-accel-buffering",
    b"x-accel-charset",
    b"x-accel-expires",
    b"x-accel-limit-rate",
    b"x-sendfile",
}
_NOT_TO_BE_NAMED: Final = frozenset((b"host", b"content-length", b"transfer-encoding"))
"""Headers that `Connection` cannot drop, because they frame and address the message."""
_REDIRECTS: Final = frozenset((301, 302, 303, 307, 308))
_SWITCHING: Final = 101
_NO_CONTENT: Final = 204


@dataclass(frozen=True)
class Client:
    """The client of a request, as it is reported to the session."""

    address: bytes
    scheme: bytes

    @cached_property
    def lines(self) -> bytes:
        """The header lines with address and scheme, each with CR LF."""
        return b"x-forwarded-for: %b\r\nx-forwarded-proto: %b\r\n" % (self.address, self.scheme)


def client_of(head: RequestHead, *, peer: Client, proxies: TrustedProxies, public_scheme: str) -> Client:
    """Return the client of a request; headers of a proxy count only if its address is trusted."""
    headers = head.headers
    address, own = peer.address.decode("ascii"), peer.scheme.decode("ascii")
    return _client(
        client_address(peer=address, forwarded_for=_joined(headers, b"x-forwarded-for"), proxies=proxies),
        client_scheme(
            peer=address,
            own=own,
            forwarded_proto=_joined(headers, b"x-forwarded-proto"),
            proxies=proxies,
            public=public_scheme,
        ),
    )


@lru_cache(maxsize=4096)
def _client(address: str, scheme: str) -> Client:
    return Client(address.encode("ascii"), scheme.encode("ascii"))


def _joined(headers: Headers, name: bytes) -> str:
    return b",".join(headers.all(name)).decode("latin-1")


def request_to_session(head: RequestHead, *, route: Route, client: Client) -> bytes:
    """Return the head for the session."""
    headers, hidden = head.headers, route.endpoint.strip_headers
    # Equal heads share one instance, so an endpoint with hidden headers must not fill its cache.
    if not (headers.for_session or hidden):
        headers.for_session = _for_session(headers)
    authorization = route.endpoint.authorization
    prefix = prefix_of(head, route)
    return b"%b %b HTTP/1.%d\r\n%b%b%b%bx-forwarded-host: %b\r\n%b\r\n\r\n" % (
        head.method,
        target_of(head, prefix=prefix),
        head.minor,
        _for_session(headers, hidden) if hidden else headers.for_session,
        f"authorization: {authorization}\r\n".encode("latin-1") if authorization else b"",
        client.lines,
        b"x-forwarded-prefix: %b\r\n" % prefix if prefix else b"",
        head.host,
        _connection(head),
    )


def _for_session(headers: Headers, hidden: Collection[str] = ()) -> bytes:
    """Return the header lines that are passed on, each with CR LF."""
    dropped = _KEPT_FROM_SESSIONS | _named(headers) | {name.encode("latin-1") for name in hidden}
    out = [
        name + b": " + (without_default_port(value) if name == b"host" else value) + b"\r\n"
        for name, value in headers.pairs
        # Some servers read `_` in a name as `-`: such a header could replace one that is dropped here.
        if name not in dropped and b"_" not in name and not name.startswith(b"x-forwarded-")
    ]
    cookies = b"" if "cookie" in hidden else _foreign_cookies(headers)
    if cookies:
        out.append(b"cookie: %b\r\n" % cookies)
    if headers.chunked:
        out.append(b"transfer-encoding: chunked\r\n")
    return b"".join(out)


def _named(headers: Headers) -> frozenset[bytes]:
    """Return the hop-by-hop headers that `Connection` names."""
    return headers.connection - _NOT_TO_BE_NAMED


def _connection(head: RequestHead) -> bytes:
    if head.websocket:
        return b"connection: Upgrade\r\nupgrade: websocket"
    return b"connection: keep-alive" if head.minor else b"connection: close"


def _foreign_cookies(headers: Headers) -> bytes:
    """Return the cookies that are not ours; of a repeated name the first one, as in `document.cookie`."""
    kept: dict[bytes, bytes] = {}
    for name, pair in headers.cookies:
        if not _is_own(name):
            kept.setdefault(name, pair)
    return b"; ".join(kept.values())


def _is_own(name: bytes) -> bool:
    # Under TLS the server's own cookies have `__Host-` before their names; case is ignored to be on the safe side.
    name = name.lower().removeprefix(b"__host-").removeprefix(b"__secure-")
    return name.startswith(OWN_COOKIE_PREFIX) or name in OWN_COOKIES


def response_to_browser(head: ResponseHead, *, close: bool, prefix: bytes = b"", host: bytes = b"") -> bytes:
    """Return the head for the browser; `close`: the connection ends with this response.

    `prefix` is the part of the path that the session does not see (see `mount`), `host` the requested host.
    """
    headers, status = head.headers, head.status
    bodiless = status < 200 or status == _NO_CONTENT  # noqa: PLR2004 - interim responses
    # Lengths and codings are forbidden in these (RFC 9110, 8.6; RFC 9112, 6.1): a browser could wait for a body.
    dropped = _not_for_browsers(headers, bodiless=bodiless)
    out = [b"HTTP/1.1 %d %b" % (status, head.reason)]
    pairs = _with_host_only_cookies(headers.pairs) if b"set-cookie" in headers.first else headers.pairs
    if prefix:
        pairs = with_prefix(pairs, prefix=prefix, host=host)
    out += [name + b": " + value for name, value in pairs if name not in dropped]
    if headers.chunked and not bodiless:
        out.append(b"transfer-encoding: chunked")
    if status == _SWITCHING:
        out.append(b"connection: Upgrade\r\nupgrade: websocket")
    elif close:
        out.append(b"connection: close")
    out.append(b"\r\n")
    return b"\r\n".join(out)


def _not_for_browsers(headers: Headers, *, bodiless: bool) -> frozenset[bytes]:
    """Return the names of the dropped headers."""
    dropped = _KEPT_FROM_BROWSERS | _named(headers) if headers.connection else _KEPT_FROM_BROWSERS
    return dropped | {b"content-length"} if bodiless else dropped


def _with_host_only_cookies(pairs: Pairs) -> Pairs:
    changed = ((name, _host_only(value) if name == b"set-cookie" else value) for name, value in pairs)
    return tuple((name, value) for name, value in changed if value or name != b"set-cookie")


def _host_only(cookie: bytes) -> bytes:
    """Return a `Set-Cookie` value without `Domain`; empty for a cookie that a session must not set."""
    pair, *attributes = cookie.split(b";")
    # Browsers send a nameless cookie back as its bare value, which may look like any other cookie.
    name, equals, _ = pair.partition(b"=")
    name = name.strip(b" \t")
    # Django strips more characters from a name than browsers do, and could find one of our names.
    if not equals or not name or name.translate(None, TOKEN) or _is_own(name):
        return b""
    # With `Domain`, a session could set cookies for other sessions and the portal.
    kept = [part for part in attributes if part.partition(b"=")[0].strip(b" \t").lower() != b"domain"]
    return b";".join([pair, *kept])


def refuses_our_secret(head: ResponseHead, *, route: Route) -> bool:
    """Return whether the session redirects to its own login, so it rejected our `Authorization`."""
    if head.status not in _REDIRECTS or not route.endpoint.authorization:
        return False
    path = head.headers.first.get(b"location", b"").partition(b"?")[0]
    return path.endswith(route.base_path.encode("ascii") + b"login")
