"""The relay between real sockets: who is served by whom, in which order, and how connections live on."""

import hashlib
import re
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from proxy.addresses import BASE, HTTP_JOB, WITH_COOKIE
from proxy.django_app import DISCONNECTS, LARGE
from proxy.proxy_fixture import LIMITS, House
from proxy.waiting import wait_for
from user_workspaces.proxy.relay.state import ProxyLimits


def test_connection_kept_alive_serves_hub_and_session_in_turn(house: House) -> None:
    client = house.client()
    for _ in range(3):
        assert client.get("/workspaces/?a=1").response().body.startswith(b"hub GET /workspaces/?a=1 0 ")
        assert (
            client.get(f"{BASE}/lab?x=1", WITH_COOKIE)
            .response()
            .body.startswith(f"GET {BASE}/lab?x=1 HTTP/1.1\r\n".encode())
        )
        assert client.get("/tokens/", method="POST", body=b"12345").response().body.startswith(b"hub POST /tokens/? 5 ")
        assert client.get(f"{BASE}/api", WITH_COOKIE, method="POST", body=b"12345").response().status == 200
        assert house.session.seen[-1].body == b"12345"
    assert len(house.session.seen) == 6


def test_requests_sent_ahead_are_answered_in_their_order(house: House) -> None:
    client = house.client()
    paths = ["/a", f"{BASE}/b", "/c", f"{BASE}/d", f"{BASE}/e", "/f"] * 10
    requests = [f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{WITH_COOKIE}\r\n\r\n" for path in paths]
    client.send("".join(requests))
    bodies = [client.response().body.decode() for _ in paths]
    asked = [re.sub(r"^(hub )?GET ([^ ?]+).*", r"\2", body, flags=re.DOTALL) for body in bodies]
    assert asked == paths


def test_requests_with_bodies_sent_ahead_are_framed_apart(house: House) -> None:
    client = house.client()
    chunked = f"POST {BASE}/one HTTP/1.1\r\nHost: localhost\r\n{WITH_COOKIE}\r\nTransfer-Encoding: chunked\r\n\r\n"
    sized = "POST /two HTTP/1.1\r\nHost: localhost\r\nContent-Length: 26\r\n\r\nGET /three HTTP/1.1\r\nHost:"
    last = f"PUT {BASE}/four HTTP/1.1\r\nHost: localhost\r\n{WITH_COOKIE}\r\nContent-Length: 3\r\n\r\nabc"
    client.send(chunked + "5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n" + sized + last)
    assert client.response().status == 200
    assert b"hub POST /two? 26 " in client.response().body
    assert client.response().status == 200
    assert [seen.body for seen in house.session.seen] == [b"hello0123456789", b"abc"]


def test_requests_that_come_in_single_bytes_are_understood(house: House) -> None:
    client = house.client()
    request = f"POST {BASE}/x HTTP/1.1\r\nHost: localhost\r\n{WITH_COOKIE}\r\nTransfer-Encoding: chunked\r\n\r\n"
    for byte in (request + "3\r\nabc\r\n0\r\n\r\nGET /hub HTTP/1.1\r\nHost: localhost\r\n\r\n").encode():
        client.send(bytes([byte]))
    assert client.response().status == 200
    assert client.response().body.startswith(b"hub GET /hub")
    assert house.session.seen[0].body == b"abc"


def test_many_requests_ahead_do_not_fill_the_memory(house: House) -> None:
    client = house.client()
    request = f"GET /a HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 900}\r\n\r\n".encode()
    client.send(request * 400)
    assert all(client.response().status == 200 for _ in range(400))


def test_connections_to_a_session_are_used_again(house: House) -> None:
    client = house.client()
    for _ in range(10):
        assert client.get(f"{BASE}/x", WITH_COOKIE).response().status == 200
    assert house.session.connections == 1


def test_request_that_cannot_be_repeated_takes_a_fresh_connection(house: House) -> None:
    client = house.client()
    client.get(f"{BASE}/x", WITH_COOKIE).response()
    client.get(f"{BASE}/x", WITH_COOKIE, method="POST", body=b"1").response()
    assert house.session.connections == 2


def test_idle_connections_to_a_session_are_bounded(house: House) -> None:
    clients = [house.client() for _ in range(8)]
    for client in clients:
        client.get(f"{BASE}/x", WITH_COOKIE, method="POST", body=b"1")
    for client in clients:
        client.response()
    wait_for(lambda: house.session.open <= LIMITS.upstreams_per_job, "the rest is closed")


def test_idle_connections_to_a_session_are_closed_after_a_while(start_house: Callable[[ProxyLimits], House]) -> None:
    house = start_house(ProxyLimits(upstream_idle=0.1))
    house.client().get(f"{BASE}/x", WITH_COOKIE).response()
    wait_for(lambda: house.session.open == 0, "the idle connection is closed")


def test_idle_browser_is_let_go(start_house: Callable[[ProxyLimits], House]) -> None:
    client = start_house(ProxyLimits(idle=0.1)).client()
    assert client.get("/x").response().status == 200
    assert client.ended()


@pytest.mark.parametrize("part", ["", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\nX: 1"])
def test_slow_head_is_not_waited_for(start_house: Callable[[ProxyLimits], House], part: str) -> None:
    client = start_house(ProxyLimits(head=0.4)).client().send(part)
    if part:
        assert client.response().status == 408
    assert client.ended()


def test_slow_head_is_not_waited_for_however_it_drips(start_house: Callable[[ProxyLimits], House]) -> None:
    client = start_house(ProxyLimits(head=0.4)).client().send("GET / HTTP/1.1\r\n")
    client.sock.settimeout(0.02)
    drips = 0
    while b"\r\n\r\n" not in client.buffer:
        try:
            client.fill()
        except TimeoutError:
            drips += 1
            assert drips < 5000, "it was waited for"
            client.send("x")
    assert client.buffer.startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        ("GET /x HTTP/1.1\r\n\r\n", 400),
        ("GET /x HTTP/1.1\nHost: localhost\n\n", 400),
        ("GET /x HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        ("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx", 400),
        ("GET http://localhost/x HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        ("GET /x HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (f"GET /x HTTP/1.1\r\nHost: a\r\nX: {'x' * 70_000}\r\n\r\n", 431),
        ("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0\r\n\r\n", 400),
        ("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: x\r\n\r\n", 400),
    ],
)
def test_malformed_request_is_refused_and_the_connection_ended(house: House, request_bytes: str, status: int) -> None:
    client = house.client().send(request_bytes)
    assert client.response().status == status
    client.sock.shutdown(1)
    assert client.ended()


def test_malformed_chunk_for_a_session_ends_both_connections(house: House) -> None:
    client = house.client()
    client.send(f"POST {BASE}/x HTTP/1.1\r\nHost: localhost\r\n{WITH_COOKIE}\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.send("2\r\nabX")
    assert client.response().status == 400
    wait_for(lambda: house.session.open == 0, "the session's connection is ended")


SMUGGLED = f"GET {BASE}/smuggled HTTP/1.1\r\nHost: localhost\r\nX-Inner: 1\r\n\r\n"


@pytest.mark.parametrize(
    "fields",
    [
        f"Content-Length: 0\r\nContent-Length: {len(SMUGGLED)}",
        f"Content-Length: {len(SMUGGLED)}\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\x0bchunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "X: y\nContent-Length: 5",
        "Content-Length: +5",
        "Content-Length: 0x5",
        "Content-Length: 5,5",
    ],
)
def test_smuggled_request_never_reaches_the_kept_connection(house: House, fields: str) -> None:
    house.client().get(f"{BASE}/first", WITH_COOKIE).response()
    client = house.client()
    client.send(
        f"POST {BASE}/outer HTTP/1.1\r\nHost: localhost\r\n{WITH_COOKIE}\r\n{fields}\r\n\r\n0\r\n\r\n{SMUGGLED}"
    )
    assert client.response().status == 400
    assert house.client().get(f"{BASE}/last", WITH_COOKIE).response().status == 200
    paths = [seen.lines[0].split(b" ")[1].decode() for seen in house.session.seen]
    assert paths == [f"{BASE}/first", f"{BASE}/last"]


def test_connection_field_cannot_take_the_framing_away(house: House) -> None:
    client = house.client()
    fields = (WITH_COOKIE, "Connection: content-length, host, transfer-encoding, x-named", "X-Named: 1")
    client.get(f"{BASE}/outer", *fields, method="POST", body=SMUGGLED.encode()).response()
    assert [seen.body for seen in house.session.seen] == [SMUGGLED.encode()]
    assert house.session.seen[0].values(b"x-named") == []


def test_http_1_0_client_gets_one_answer(house: House) -> None:
    for path in ("/x", f"{BASE}/x"):
        client = house.client().send(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n{WITH_COOKIE}\r\n\r\n")
        response = client.response()
        assert (response.status, response.first("connection"), response.first("transfer-encoding")) == (
            200,
            "close",
            None,
        )
        assert client.ended()


def test_connection_close_is_obeyed(house: House) -> None:
    for path in ("/x", f"{BASE}/x"):
        client = house.client().get(path, WITH_COOKIE, "Connection: close")
        response = client.response()
        assert (response.status, response.first("connection")) == (200, "close")
        assert client.ended()


def test_hub_upload_is_streamed_whole(house: House) -> None:
    body = b"0123456789abcdef" * 200_000
    client = house.client().get("/upload", method="PUT", body=body)
    assert f"{len(body)} {hashlib.sha256(body).hexdigest()[:8]}".encode() in client.response().body
    assert client.get("/next").response().status == 200


@pytest.mark.parametrize("between", ["/large", "/", f"{BASE}/lab"])
def test_hub_goes_on_after_an_answer_that_the_browser_took_slowly(house: House, between: str) -> None:
    client = house.client()
    for path in ("/large", between, "/large", "/"):
        assert client.get(path, WITH_COOKIE).response().status == 200
    client.send("".join(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n" for path in ("/large", "/large", "/")))
    assert [len(client.response().body) > LARGE // 2 for _ in range(3)] == [True, True, False]


def test_hub_answer_before_the_body_leaves_the_connection_usable(house: House) -> None:
    client = house.client()
    client.send("POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
    assert client.response().body.startswith(b"hub POST /unread? 0 ")
    client.send(b"x" * 100_000)
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().status == 200


def test_hub_application_that_fails_half_way_cuts_the_connection(house: House) -> None:
    client = house.client().get("/broken")
    assert client.head().status == 200
    assert client.ended()


def test_hub_application_learns_that_the_browser_left(house: House) -> None:
    client = house.client()
    path = f"/left/{house.port}"
    client.send(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
    wait_for(lambda: house.do(lambda: len(house.server.server_state.tasks)) == 1, "the application runs")
    client.close()
    wait_for(lambda: path in DISCONNECTS, "the application is told")


def test_hub_expect_continue_is_answered(house: House) -> None:
    client = house.client()
    client.send("PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert client.response().status == 100
    assert client.send("abc").response().body.startswith(b"hub PUT /x? 3 ")


def test_hub_request_for_another_upgrade_is_served_without_it(house: House) -> None:
    client = house.client().get("/x", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAA")
    assert client.response().body.startswith(b"hub GET /x?")
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().status == 200


def test_hub_websocket_is_uvicorns(house: House) -> None:
    with connect(f"ws://127.0.0.1:{house.port}/live/jobs/") as web_socket:
        web_socket.send("hello")
        assert web_socket.recv() == "hub:/live/jobs/:hello"
        with pytest.raises(ConnectionClosedError):
            web_socket.recv()
        assert web_socket.close_code == 4001


def test_hub_websocket_after_requests_on_the_same_connection(house: House) -> None:
    client = house.client()
    assert client.get("/x").response().status == 200
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().status == 200
    with connect(f"ws://127.0.0.1:{house.port}/live/", sock=client.sock) as web_socket:
        web_socket.send("1")
        assert web_socket.recv() == "hub:/live/:1"


def test_browsers_that_leave_are_forgotten(house: House) -> None:
    clients = [house.client().get(f"{BASE}/x", WITH_COOKIE) for _ in range(5)]
    for client in clients:
        client.response()
        client.close()
    wait_for(lambda: house.do(lambda: len(house.server.server_state.connections)) == 0, "all are gone")
    assert house.do(lambda: house.passthrough.open_relays(HTTP_JOB)) == 0
