"""Sessions that do not know of their base path: what they see of a request, and what a browser gets back."""

from dataclasses import replace

import pytest

from proxy.addresses import BASE, WITH_COOKIE
from proxy.proxy_fixture import RunningProxy
from user_workspaces.interfaces.endpoint import Endpoint, Mount
from user_workspaces.proxy.http1.parser import RequestHead, ResponseHead, parse_request, parse_response
from user_workspaces.proxy.relay.rewrite import Client, request_to_session, response_to_browser
from user_workspaces.proxy.routing.routes import Route

STRIPPED = Route(12, 7, 3, f"{BASE}/", Endpoint("/s.sock", mount=Mount.STRIP))
KEPT = replace(STRIPPED, endpoint=Endpoint("/s.sock"))


def request(target: str, *headers: str) -> RequestHead:
    head = parse_request("\r\n".join([f"GET {target} HTTP/1.1", "Host: a:8", *headers, "", ""]).encode())
    assert isinstance(head, RequestHead), head
    return head


def received(*headers: str, line: str = "HTTP/1.1 302 Found") -> list[str]:
    head = parse_response("\r\n".join([line, *headers, "", ""]).encode())
    assert isinstance(head, ResponseHead), head
    raw = response_to_browser(head, close=False, prefix=BASE.encode(), host=b"a:8")
    assert isinstance(parse_response(raw), ResponseHead)
    return raw.decode().split("\r\n")[1:-2]


@pytest.mark.parametrize(
    ("target", "seen"),
    [
        (f"{BASE}/", "/"),
        (f"{BASE}/?a=/x", "/?a=/x"),
        (f"{BASE}/lab/tree/a%20b?q=1", "/lab/tree/a%20b?q=1"),
        ("/passthrough/other/12/x", "/x"),
        (f"{BASE}//evil.example/", "/evil.example/"),
        (f"{BASE}///", "/"),
        (f"{BASE}/%2Fevil", "/%2Fevil"),
        (f"{BASE}/../13/", "/../13/"),
    ],
)
def test_session_does_not_see_its_base_path(target: str, seen: str) -> None:
    raw = request_to_session(request(target), route=STRIPPED, client=Client(b"1.2.3.4", b"http")).decode()
    assert raw.startswith(f"GET {seen} HTTP/1.1\r\n")
    assert "\r\nhost: a:8\r\n" in raw
    assert f"\r\nx-forwarded-prefix: {target[: target.index('/12') + 3]}\r\n" in raw


def test_session_that_keeps_its_base_path_sees_it() -> None:
    raw = request_to_session(
        request(f"{BASE}/x", "X-Forwarded-Prefix: /evil"), route=KEPT, client=Client(b"1.2.3.4", b"http")
    ).decode()
    assert raw.startswith(f"GET {BASE}/x HTTP/1.1\r\n")
    assert "prefix" not in raw


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("/", f"{BASE}/"),
        ("/login?next=/x", f"{BASE}/login?next=/x"),
        (f"{BASE}/there", f"{BASE}/there"),
        (f"{BASE}", f"{BASE}"),
        (f"{BASE}4/there", f"{BASE}{BASE}4/there"),
        (f"/?next={BASE}/", f"{BASE}/?next={BASE}/"),
        ("there", "there"),
        ("?a=1", "?a=1"),
        ("../x", "../x"),
        ("http://a:8/x", f"http://a:8{BASE}/x"),
        ("https://A:8/x", f"https://A:8{BASE}/x"),
        ("http://a:8", f"http://a:8{BASE}/"),
        ("//a:8/x", f"//a:8{BASE}/x"),
        ("http://b/x", "http://b/x"),
        ("http://a/x", "http://a/x"),
        ("//b/x", "//b/x"),
        ("mailto:a@b", "mailto:a@b"),
    ],
)
def test_redirect_stays_below_the_base_path(written: str, read: str) -> None:
    assert received(f"Location: {written}") == [f"location: {read}"]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a=1", ["a=1"]),
        ("a=1; Path=/; HttpOnly", [f"a=1; Path={BASE}/; HttpOnly"]),
        ("a=1; path=/x", [f"a=1; Path={BASE}/x"]),
        (f"a=1; Path={BASE}/", [f"a=1; Path={BASE}/"]),
        ("a=1; Path=; Secure", ["a=1; Path=; Secure"]),
        ("a=1; Domain=evil.example; Path=/", [f"a=1; Path={BASE}/"]),
        ("uws-session-12=1; Path=/", []),
    ],
)
def test_cookie_stays_below_the_base_path(written: str, read: list[str]) -> None:
    assert received(f"Set-Cookie: {written}") == [f"set-cookie: {value}" for value in read]


def test_headers_that_an_application_must_not_see_are_left_out_for_it_alone() -> None:
    """Two sessions get the same head: what is remembered of it belongs to one of them."""
    hiding = replace(KEPT, endpoint=Endpoint("/s.sock", strip_headers=("x-secret", "cookie")))
    head, client = request(f"{BASE}/x", "X-Secret: 1", "Cookie: a=1", "X-Other: 2"), Client(b"1.2.3.4", b"http")
    for _ in range(2):
        kept = request_to_session(head, route=KEPT, client=client)
        hidden = request_to_session(head, route=hiding, client=client)
        assert b"x-secret: 1\r\n" in kept
        assert b"cookie: a=1\r\n" in kept
        assert b"x-other: 2\r\n" in hidden
        assert b"x-secret" not in hidden
        assert b"cookie" not in hidden


def test_stripped_session_is_reached_and_responses_through_a_real_socket(proxy: RunningProxy) -> None:
    endpoint = replace(proxy.routes[0].endpoint, mount=Mount.STRIP)
    proxy.change(endpoint=endpoint)
    proxy.session.reply("moved", b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n")
    client = proxy.client()
    assert client.get(f"{BASE}/a/b?c", WITH_COOKIE).response().body.startswith(b"GET /a/b?c HTTP/1.1\r\n")
    assert client.get(f"{BASE}/moved", WITH_COOKIE).response().first("location") == f"{BASE}/there"


def test_session_at_the_root_is_reached_through_a_real_socket(proxy: RunningProxy) -> None:
    proxy.change(endpoint=replace(proxy.routes[0].endpoint, mount=Mount.ROOT))
    client = proxy.client()
    response = client.get("/static/a.css?c", WITH_COOKIE, host="s12.localhost:1").response()
    assert response.body.startswith(b"GET /static/a.css?c HTTP/1.1\r\n")
    assert client.get("/static/a.css", host="s12.localhost:1").response().body.startswith(b"app GET /static/a.css")
    assert client.get("/x", WITH_COOKIE, host="localhost:1").response().body.startswith(b"app GET /x")
