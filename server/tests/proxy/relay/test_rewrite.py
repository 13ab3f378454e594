"""What is taken out of heads on their way, and what is put in. Whole heads are looked at in `test_exchange`."""

import pytest

from proxy.addresses import BASE, HANDSHAKE
from user_workspaces.client_address import TrustedProxies
from user_workspaces.interfaces.values import Endpoint
from user_workspaces.proxy.http1.parser import RequestHead, ResponseHead, parse_request, parse_response
from user_workspaces.proxy.relay.rewrite import (
    Client,
    client_of,
    refuses_our_secret,
    request_to_session,
    response_to_browser,
)
from user_workspaces.proxy.routing.routes import Route

pytestmark = pytest.mark.slow

ROUTE = Route(12, 7, 3, f"{BASE}/", Endpoint("/s.sock", authorization="token secret"))
ADDED = {"authorization", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"}


def request(*headers: str, line: str = "GET / HTTP/1.1") -> RequestHead:
    head = parse_request("\r\n".join([line, "Host: a", *headers, "", ""]).encode("latin-1"))
    assert isinstance(head, RequestHead), head
    return head


def response(*headers: str, line: str = "HTTP/1.1 200 OK") -> ResponseHead:
    head = parse_response("\r\n".join([line, *headers, "", ""]).encode("latin-1"))
    assert isinstance(head, ResponseHead), head
    return head


def sent(*headers: str, line: str = "GET / HTTP/1.1") -> dict[str, str]:
    """Return the headers that a session gets, without the host and those that are always added."""
    raw = request_to_session(request(*headers, line=line), route=ROUTE, client=Client(b"1.2.3.4", b"http"))
    assert isinstance(parse_request(raw), RequestHead)
    got = dict(line.split(": ", 1) for line in raw.decode("latin-1").split("\r\n")[1:-2])
    return {name: value for name, value in got.items() if name not in ADDED | {"host"}}


def received(*headers: str, line: str = "HTTP/1.1 200 OK", close: bool = False) -> list[str]:
    raw = response_to_browser(response(*headers, line=line), close=close)
    assert isinstance(parse_response(raw), ResponseHead)
    return raw.decode("latin-1").split("\r\n")[1:-2]


@pytest.mark.parametrize(
    ("cookie", "left"),
    [
        ("a=1", "a=1"),
        ("a=1; b=2", "a=1; b=2"),
        ("a=1;b=2;;  c=3 ;", "a=1; b=2; c=3"),
        ("a=1; a=2; b=3; a=4", "a=1; b=3"),
        ("a=x=y", "a=x=y"),
        ("bare; other", "bare; other"),
        ("uws-session-12=x; a=1", "a=1"),
        ("UWS-Session-12=x; Sessionid=1; a=1", "a=1"),
        ("uws-anything; a=1", "a=1"),
        ("uws-a =1; a=1", "a=1"),
        ("a=1; sessionid=x; csrftoken=y", "a=1"),
        ("my-sessionid=1", "my-sessionid=1"),
        ("uws-session-12=x", None),
        ("; ;", None),
        ("", None),
    ],
)
def test_cookies_of_the_app_are_removed(cookie: str, left: str | None) -> None:
    assert sent(f"Cookie: {cookie}").get("cookie") == left


def test_cookie_headers_are_merged() -> None:
    assert sent("Cookie: a=1", "Cookie: uws-x=1; a=2; b=3")["cookie"] == "a=1; b=3"


@pytest.mark.parametrize(
    "field",
    [
        "Authorization: x",
        "UWS-Authorization: x",
        "Forwarded: for=1",
        "X-Forwarded-Anything: 1",
        "X-Real-IP: 1",
        "Proxy-Authorization: x",
        "Proxy-Connection: keep-alive",
        "Keep-Alive: timeout=5",
        "TE: trailers",
        "Trailer: X",
        "HTTP2-Settings: AAA",
        "Upgrade: h2c",
        "X_Real_IP: 1",
        "uws_authorization: x",
    ],
)
def test_header_that_is_not_for_sessions_is_dropped(field: str) -> None:
    assert sent(field, "Accept: b") == {"accept": "b", "connection": "keep-alive"}


def test_headers_named_by_connection_are_dropped_except_the_framing() -> None:
    headers = ("Connection: close, X-A, host, content-length", "X-A: 1", "Content-Length: 2")
    assert sent(*headers, line="POST / HTTP/1.1") == {"content-length": "2", "connection": "keep-alive"}
    chunked = ("Connection: transfer-encoding", "Transfer-Encoding: chunked")
    assert sent(*chunked, line="POST / HTTP/1.1") == {"transfer-encoding": "chunked", "connection": "keep-alive"}


def test_websocket_handshake_keeps_its_upgrade() -> None:
    assert sent(HANDSHAKE) == {
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "sec-websocket-protocol": "b",
        "connection": "Upgrade",
        "upgrade": "websocket",
    }


def test_http_1_0_stays_http_1_0() -> None:
    raw = request_to_session(request(line="GET /x HTTP/1.0"), route=ROUTE, client=Client(b"", b"http"))
    assert raw.startswith(b"GET /x HTTP/1.0\r\n")
    assert b"\r\nconnection: close\r\n" in raw


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        (b"9.9.9.9", ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-Proto: https"], Client(b"9.9.9.9", b"http")),
        (b"127.0.0.1", ["X-Forwarded-For: 6.6.6.6, 5.5.5.5", "X-Forwarded-Proto: https"], Client(b"5.5.5.5", b"https")),
        (b"127.0.0.1", ["X-Forwarded-For: 6.6.6.6", "X-Forwarded-For: 5.5.5.5"], Client(b"5.5.5.5", b"http")),
        (b"127.0.0.1", ["X-Forwarded-Proto: javascript"], Client(b"127.0.0.1", b"http")),
        (b"127.0.0.1", [], Client(b"127.0.0.1", b"http")),
    ],
)
def test_only_a_trusted_proxy_sets_the_client(peer: bytes, headers: list[str], client: Client) -> None:
    proxies = TrustedProxies(["127.0.0.1"])
    assert client_of(request(*headers), peer=Client(peer, b"http"), proxies=proxies, public_scheme="http") == client


@pytest.mark.parametrize(
    ("cookie", "left"),
    [
        ("a=1", "a=1"),
        ("a=1; Path=/; HttpOnly", "a=1; Path=/; HttpOnly"),
        ("a=1; Domain=localhost", "a=1"),
        ("a=1;domain=.example.org ;Secure", "a=1;Secure"),
        ("a=1; DOMAIN", "a=1"),
        ("a=1; \tDomain =x; Path=/", "a=1; Path=/"),
        ("uws-session-12=1", None),
        (" UWS-x =1", None),
        ("sessionid=1", None),
        ("csrftoken=1; Path=/x", None),
        ("=uws-session-12=1", None),
        ("uws-session-12", None),
        ("\xe2\x80\x80__Host-uws-portal=1; Path=/; Secure", None),
        ("uws-portal\x85=1", None),
        ("", None),
    ],
)
def test_session_sets_only_its_own_cookies(cookie: str, left: str | None) -> None:
    assert received(f"Set-Cookie: {cookie}") == ([f"set-cookie: {left}"] if left else [])


@pytest.mark.parametrize(
    "field",
    [
        "Clear-Site-Data: *",
        "Access-Control-Allow-Credentials: true",
        "Service-Worker-Allowed: /",
        "Strict-Transport-Security: max-age=1",
        "Alt-Svc: h3=x",
        "X-Accel-Redirect: /protected/",
        "X-Sendfile: /etc/passwd",
        "Keep-Alive: timeout=5",
        "Proxy-Authenticate: Basic",
        "Upgrade: h2c",
    ],
)
def test_header_that_is_not_for_browsers_is_dropped(field: str) -> None:
    assert received(field, "Connection: close, X-A", "X-A: 1", "X-B: 2") == ["x-b: 2"]


def test_framing_of_a_response_is_kept() -> None:
    assert received("Content-Length: 5") == ["content-length: 5"]
    assert received("Transfer-Encoding: chunked") == ["transfer-encoding: chunked"]
    assert received("Content-Length: 5", "Connection: content-length") == ["content-length: 5"]
    assert received("Content-Length: 0", line="HTTP/1.1 204 No Content") == []
    assert received(line="HTTP/1.0 200 OK", close=True) == ["connection: close"]


def test_switch_to_websocket_is_relayed() -> None:
    headers = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: x")
    lines = received(*headers, line="HTTP/1.1 101 Switching Protocols")
    assert lines == ["sec-websocket-accept: x", "connection: Upgrade", "upgrade: websocket"]


@pytest.mark.parametrize(
    ("status", "location", "refused"),
    [
        (302, f"{BASE}/login?next=x", True),
        (302, f"http://localhost{BASE}/login", True),
        (302, f"{BASE}/proxy/8000/login", False),
        (302, f"{BASE}/lab", False),
        (302, "/login", False),
        (200, f"{BASE}/login", False),
    ],
)
def test_redirect_to_the_login_of_a_session_is_recognized(status: int, location: str, *, refused: bool) -> None:
    head = response(f"Location: {location}", line=f"HTTP/1.1 {status} X")
    assert refuses_our_secret(head, route=ROUTE) is refused
