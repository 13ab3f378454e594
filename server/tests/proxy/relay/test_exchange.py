"""One request to a session: what each side gets to see, and who is let through."""

import asyncio
import os
from pathlib import Path

import pytest

from proxy.addresses import BASE, COOKIE, EPOCH, HANDSHAKE, HTTP_JOB, ORIGIN, OWNER, SECRET, WITH_COOKIE, WS_JOB
from proxy.proxy_fixture import RunningProxy
from user_workspaces.interfaces.values import Endpoint

pytestmark = pytest.mark.parametrize("loop_name", ["asyncio", "uvloop"], indirect=True)


def test_session_gets_its_own_secret_only(proxy: RunningProxy) -> None:
    headers = [
        f"Cookie: a=1; {COOKIE}; sessionid=app; csrftoken=app; uws-app=x; _xsrf=first; _xsrf=second; b=2",
        "Authorization: Token stolen",
        "UWS-Authorization: Token stolen",
        "X-Forwarded-For: 6.6.6.6",
        "X-Forwarded-Host: evil.example",
        "Forwarded: for=6.6.6.6",
        "X-Real-IP: 6.6.6.6",
        "Proxy-Authorization: x",
        "TE: trailers",
        "Keep-Alive: timeout=1",
        "Connection: keep-alive, X-Hop",
        "X-Hop: 1",
        "X_Forwarded_For: 6.6.6.6",
        "X-XSRFToken: t",
        "Origin: http://localhost:1",
        "Referer: http://localhost:1/x",
        "Accept: */*",
    ]
    proxy.client().get(f"{BASE}/lab?reset&x=%20", *headers, host="localhost:1").response()
    assert proxy.session.seen[0].lines == [
        f"GET {BASE}/lab?reset&x=%20 HTTP/1.1".encode(),
        b"host: localhost:1",
        b"x-xsrftoken: t",
        b"origin: http://localhost:1",
        b"referer: http://localhost:1/x",
        b"accept: */*",
        b"cookie: a=1; _xsrf=first; b=2",
        f"authorization: {SECRET}".encode(),
        b"x-forwarded-for: 127.0.0.1",
        b"x-forwarded-proto: http",
        b"x-forwarded-host: localhost:1",
        b"connection: keep-alive",
    ]


def test_session_cannot_set_our_cookies(proxy: RunningProxy) -> None:
    cookies = ["uws-session-13=stolen", "sessionid=fixed; Path=/", "a=1; Domain=localhost; Path=/x", "=uws-x=1", "b=2"]
    lines = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in cookies)
    proxy.session.reply(
        "c", f"HTTP/1.1 200 OK\r\n{lines}Clear-Site-Data: *\r\nX: y\r\nContent-Length: 0\r\n\r\n".encode()
    )
    response = proxy.client().get(f"{BASE}/c", WITH_COOKIE).response()
    assert response.headers == [
        ("set-cookie", "a=1; Path=/x"),
        ("set-cookie", "b=2"),
        ("x", "y"),
        ("content-length", "0"),
    ]


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        f"uws-session-{HTTP_JOB}=nonsense",
        f"uws-session-{HTTP_JOB}={WS_JOB}.{OWNER}.{EPOCH}",
        f"uws-session-{WS_JOB}={HTTP_JOB}.{OWNER}.{EPOCH}",
        f"uws-session-{HTTP_JOB}={HTTP_JOB}.{OWNER + 1}.{EPOCH}",
        f"uws-session-{HTTP_JOB}={HTTP_JOB}.{OWNER}.{EPOCH - 1}",
    ],
)
def test_request_without_a_valid_cookie_goes_to_the_app(proxy: RunningProxy, cookie: str) -> None:
    headers = [f"Cookie: {cookie}"] if cookie else []
    client = proxy.client()
    assert client.get(f"{BASE}/lab", *headers).response().body.startswith(f"app GET {BASE}/lab?".encode())
    response = client.get(f"{BASE}/api", *headers, method="POST", body=b"12").response()
    assert response.body.startswith(f"app POST {BASE}/api? 2 ".encode())
    assert client.get(f"{BASE}/ws", *headers, HANDSHAKE, ORIGIN).response().status == 403
    assert proxy.session.seen == []


def test_request_with_a_ticket_goes_to_the_app(proxy: RunningProxy) -> None:
    response = proxy.client().get(f"{BASE}/lab?a=1&ticket=abc", WITH_COOKIE).response()
    assert response.body.startswith(f"app GET {BASE}/lab?a=1&ticket=abc ".encode())


def test_each_request_is_authorized(proxy: RunningProxy) -> None:
    client = proxy.client()
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().body.startswith(b"GET ")
    assert client.get(f"{BASE}/x").response().body.startswith(b"app ")
    proxy.change(epoch=EPOCH + 1)
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().body.startswith(b"app ")
    assert (
        client.get(f"{BASE}/x", WITH_COOKIE.replace(f".{EPOCH}", f".{EPOCH + 1}")).response().body.startswith(b"GET ")
    )


def test_session_is_served_on_its_own_origin_only(proxy: RunningProxy) -> None:
    client = proxy.client()
    own, other = f"s{HTTP_JOB}.localhost:{proxy.port}", f"s{WS_JOB}.localhost:{proxy.port}"
    assert client.get(f"{BASE}/x", WITH_COOKIE, host=own).response().body.startswith(b"GET ")
    assert client.get(f"{BASE}/x", WITH_COOKIE, host=other).response().body.startswith(b"app ")
    assert client.get("/workspaces/", WITH_COOKIE, host=own).response().body.startswith(b"app ")


@pytest.mark.parametrize(
    "field", ["Origin: http://evil.example", "Origin: null", "Origin: http://localhost", "Sec-Fetch-Site: cross-site"]
)
def test_cross_site_write_is_rejected(proxy: RunningProxy, field: str) -> None:
    client = proxy.client().get(f"{BASE}/x", WITH_COOKIE, field, method="POST", body=b"1", host="localhost:99")
    assert client.response().status == 403
    assert proxy.session.seen == []


def test_session_on_a_tcp_port_is_reached(proxy: RunningProxy) -> None:
    server = proxy.run(asyncio.start_server(proxy.session.serve, "127.0.0.1", 0))
    proxy.change(endpoint=Endpoint(host="127.0.0.1", port=server.sockets[0].getsockname()[1]))
    assert proxy.client().get(f"{BASE}/x", WITH_COOKIE).response().status == 200
    proxy.do(server.close)
    assert proxy.session.seen[0].values(b"authorization") == []


def test_socket_of_another_account_is_rejected(proxy: RunningProxy) -> None:
    stolen = Endpoint(proxy.session.socket_path, os.geteuid() + 1, authorization=SECRET)
    proxy.change(endpoint=stolen)
    assert proxy.client().get(f"{BASE}/x", WITH_COOKIE).response().status == 502
    assert proxy.session.seen == []


@pytest.mark.root
def test_link_to_the_socket_of_another_account_is_rejected(proxy: RunningProxy, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to run sessions of two people")
    link = tmp_path / "link.sock"
    link.symlink_to(proxy.session.socket_path)
    proxy.change(endpoint=Endpoint(str(link), 65534, authorization=SECRET))
    assert proxy.client().get(f"{BASE}/x", WITH_COOKIE).response().status == 502
    proxy.change(endpoint=Endpoint(str(link), 0, authorization=SECRET))
    assert proxy.client().get(f"{BASE}/x", WITH_COOKIE).response().status == 200
