"""One request to a session: what each side gets to see, and who is let through."""

import asyncio
import os
from pathlib import Path

import pytest

from proxy.addresses import BASE, COOKIE, EPOCH, HANDSHAKE, HTTP_JOB, ORIGIN, OWNER, SECRET, WITH_COOKIE, WS_JOB
from proxy.proxy_fixture import House
from user_workspaces.interfaces.values import Endpoint

pytestmark = pytest.mark.parametrize("loop_name", ["asyncio", "uvloop"], indirect=True)


def test_session_sees_its_secret_and_none_of_ours(house: House) -> None:
    fields = [
        f"Cookie: a=1; {COOKIE}; sessionid=hub; csrftoken=hub; uws-hub=x; _xsrf=first; _xsrf=second; b=2",
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
    house.client().get(f"{BASE}/lab?reset&x=%20", *fields, host="localhost:1").response()
    assert house.session.seen[0].lines == [
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


def test_browser_takes_no_cookie_of_ours_from_a_session(house: House) -> None:
    cookies = ["uws-session-13=stolen", "sessionid=fixed; Path=/", "a=1; Domain=localhost; Path=/x", "=uws-x=1", "b=2"]
    lines = "".join(f"Set-Cookie: {cookie}\r\n" for cookie in cookies)
    house.session.reply(
        "c", f"HTTP/1.1 200 OK\r\n{lines}Clear-Site-Data: *\r\nX: y\r\nContent-Length: 0\r\n\r\n".encode()
    )
    response = house.client().get(f"{BASE}/c", WITH_COOKIE).response()
    assert response.fields == [
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
def test_request_without_a_good_cookie_is_the_hubs(house: House, cookie: str) -> None:
    fields = [f"Cookie: {cookie}"] if cookie else []
    client = house.client()
    assert client.get(f"{BASE}/lab", *fields).response().body.startswith(f"hub GET {BASE}/lab?".encode())
    response = client.get(f"{BASE}/api", *fields, method="POST", body=b"12").response()
    assert response.body.startswith(f"hub POST {BASE}/api? 2 ".encode())
    assert client.get(f"{BASE}/ws", *fields, HANDSHAKE, ORIGIN).response().status == 403
    assert house.session.seen == []


def test_request_with_a_ticket_is_the_hubs(house: House) -> None:
    response = house.client().get(f"{BASE}/lab?a=1&ticket=abc", WITH_COOKIE).response()
    assert response.body.startswith(f"hub GET {BASE}/lab?a=1&ticket=abc ".encode())


def test_check_is_for_each_request_not_for_the_connection(house: House) -> None:
    client = house.client()
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().body.startswith(b"GET ")
    assert client.get(f"{BASE}/x").response().body.startswith(b"hub ")
    house.change(epoch=EPOCH + 1)
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().body.startswith(b"hub ")
    assert (
        client.get(f"{BASE}/x", WITH_COOKIE.replace(f".{EPOCH}", f".{EPOCH + 1}")).response().body.startswith(b"GET ")
    )


def test_session_is_reached_on_its_own_origin_and_on_no_other_sessions(house: House) -> None:
    client = house.client()
    own, other = f"s{HTTP_JOB}.localhost:{house.port}", f"s{WS_JOB}.localhost:{house.port}"
    assert client.get(f"{BASE}/x", WITH_COOKIE, host=own).response().body.startswith(b"GET ")
    assert client.get(f"{BASE}/x", WITH_COOKIE, host=other).response().body.startswith(b"hub ")
    assert client.get("/workspaces/", WITH_COOKIE, host=own).response().body.startswith(b"hub ")


@pytest.mark.parametrize(
    "field", ["Origin: http://evil.example", "Origin: null", "Origin: http://localhost", "Sec-Fetch-Site: cross-site"]
)
def test_writes_from_another_site_are_refused(house: House, field: str) -> None:
    client = house.client().get(f"{BASE}/x", WITH_COOKIE, field, method="POST", body=b"1", host="localhost:99")
    assert client.response().status == 403
    assert house.session.seen == []


def test_session_behind_tcp_is_reached(house: House) -> None:
    server = house.run(asyncio.start_server(house.session.serve, "127.0.0.1", 0))
    house.change(endpoint=Endpoint(host="127.0.0.1", port=server.sockets[0].getsockname()[1]))
    assert house.client().get(f"{BASE}/x", WITH_COOKIE).response().status == 200
    house.do(server.close)
    assert house.session.seen[0].values(b"authorization") == []


def test_socket_of_somebody_else_is_not_talked_to(house: House) -> None:
    stolen = Endpoint(house.session.socket_path, os.geteuid() + 1, authorization=SECRET)
    house.change(endpoint=stolen)
    assert house.client().get(f"{BASE}/x", WITH_COOKIE).response().status == 502
    assert house.session.seen == []


@pytest.mark.root
def test_link_to_another_ones_socket_is_not_followed(house: House, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to run sessions of two people")
    link = tmp_path / "link.sock"
    link.symlink_to(house.session.socket_path)
    house.change(endpoint=Endpoint(str(link), 65534, authorization=SECRET))
    assert house.client().get(f"{BASE}/x", WITH_COOKIE).response().status == 502
    house.change(endpoint=Endpoint(str(link), 0, authorization=SECRET))
    assert house.client().get(f"{BASE}/x", WITH_COOKIE).response().status == 200
