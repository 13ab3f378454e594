"""The relay between real sockets: who is served by whom, in which order, and how connections live on."""

import hashlib
import re
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from proxy.addresses import BASE, WITH_COOKIE
from proxy.django_app import DISCONNECTS, LARGE
from proxy.proxy_fixture import LIMITS, RunningProxy
from proxy.waiting import wait_for
from user_workspaces.proxy.relay.state import ProxyLimits


def test_persistent_connection_alternates_between_app_and_session(proxy: RunningProxy) -> None:
    client = proxy.client()
    for _ in range(3):
        assert client.get("/workspaces/?a=1").response().body.startswith(b"app GET /workspaces/?a=1 0 ")
        assert (
            client.get(f"{BASE}/lab?x=1", WITH_COOKIE)
            .response()
            .body.startswith(f"GET {BASE}/lab?x=1 HTTP/1.1\r\n".encode())
        )
        assert client.get("/tokens/", method="POST", body=b"12345").response().body.startswith(b"app POST /tokens/? 5 ")
        assert client.get(f"{BASE}/api", WITH_COOKIE, method="POST", body=b"12345").response().status == 200
        assert proxy.session.seen[-1].body == b"12345"
    assert len(proxy.session.seen) == 6


def test_pipelined_requests_get_responses_in_order(proxy: RunningProxy) -> None:
    client = proxy.client()
    paths = ["/a", f"{BASE}/b", "/c", f"{BASE}/d", f"{BASE}/e", "/f"] * 10
    requests = [f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{WITH_COOKIE}\r\n\r\n" for path in paths]
    client.send("".join(requests))
    bodies = [client.response().body.decode() for _ in paths]
    asked = [re.sub(r"^(app )?GET ([^ ?]+).*", r"\2", body, flags=re.DOTALL) for body in bodies]
    assert asked == paths


def test_pipelined_requests_with_bodies_are_framed(proxy: RunningProxy) -> None:
    client = proxy.client()
    chunked = f"POST {BASE}/one HTTP/1.1\r\nHost: localhost\r\n{WITH_COOKIE}\r\nTransfer-Encoding: chunked\r\n\r\n"
    sized = "POST /two HTTP/1.1\r\nHost: localhost\r\nContent-Length: 26\r\n\r\nGET /three HTTP/1.1\r\nHost:"
    last = f"PUT {BASE}/four HTTP/1.1\r\nHost: localhost\r\n{WITH_COOKIE}\r\nContent-Length: 3\r\n\r\nabc"
    client.send(chunked + "5\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n" + sized + last)
    assert client.response().status == 200
    assert b"app POST /two? 26 " in client.response().body
    assert client.response().status == 200
    assert [seen.body for seen in proxy.session.seen] == [b"hello0123456789", b"abc"]


def test_request_in_single_bytes_is_parsed(proxy: RunningProxy) -> None:
    client = proxy.client()
    request = f"POST {BASE}/x HTTP/1.1\r\nHost: localhost\r\n{WITH_COOKIE}\r\nTransfer-Encoding: chunked\r\n\r\n"
    for byte in (request + "3\r\nabc\r\n0\r\n\r\nGET /app HTTP/1.1\r\nHost: localhost\r\n\r\n").encode():
        client.send(bytes([byte]))
    assert client.response().status == 200
    assert client.response().body.startswith(b"app GET /app")
    assert proxy.session.seen[0].body == b"abc"


def test_pipelined_requests_are_bounded(proxy: RunningProxy) -> None:
    client = proxy.client()
    request = f"GET /a HTTP/1.1\r\nHost: localhost\r\nX: {'x' * 900}\r\n\r\n".encode()
    client.send(request * 400)
    assert all(client.response().status == 200 for _ in range(400))


def test_connection_to_a_session_is_reused(proxy: RunningProxy) -> None:
    client = proxy.client()
    for _ in range(10):
        assert client.get(f"{BASE}/x", WITH_COOKIE).response().status == 200
    assert proxy.session.connections == 1


def test_unsafe_request_uses_a_new_connection(proxy: RunningProxy) -> None:
    client = proxy.client()
    client.get(f"{BASE}/x", WITH_COOKIE).response()
    client.get(f"{BASE}/x", WITH_COOKIE, method="POST", body=b"1").response()
    assert proxy.session.connections == 2


def test_idle_connections_to_a_session_are_bounded(proxy: RunningProxy) -> None:
    clients = [proxy.client() for _ in range(8)]
    for client in clients:
        client.get(f"{BASE}/x", WITH_COOKIE, method="POST", body=b"1")
    for client in clients:
        client.response()
    wait_for(lambda: proxy.session.open <= LIMITS.upstreams_per_job, "the rest is closed")


def test_idle_connections_to_a_session_are_closed_after_a_while(
    start_proxy: Callable[[ProxyLimits], RunningProxy],
) -> None:
    proxy = start_proxy(ProxyLimits(upstream_idle=0.1))
    proxy.client().get(f"{BASE}/x", WITH_COOKIE).response()
    wait_for(lambda: proxy.session.open == 0, "the idle connection is closed")


def test_idle_browser_is_disconnected(start_proxy: Callable[[ProxyLimits], RunningProxy]) -> None:
    client = start_proxy(ProxyLimits(idle=0.1)).client()
    assert client.get("/x").response().status == 200
    assert client.ended()


@pytest.mark.parametrize("part", ["", "GET / HT", "GET / HTTP/1.1\r\nHost: localhost\r\nX: 1"])
def test_incomplete_head_times_out(start_proxy: Callable[[ProxyLimits], RunningProxy], part: str) -> None:
    client = start_proxy(ProxyLimits(head=0.4)).client().send(part)
    if part:
        assert client.response().status == 408
    assert client.ended()


def test_head_that_arrives_byte_by_byte_times_out(start_proxy: Callable[[ProxyLimits], RunningProxy]) -> None:
    client = start_proxy(ProxyLimits(head=0.4)).client().send("GET / HTTP/1.1\r\n")
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
def test_malformed_request_is_rejected_and_the_connection_closed(
    proxy: RunningProxy, request_bytes: str, status: int
) -> None:
    client = proxy.client().send(request_bytes)
    assert client.response().status == status
    client.sock.shutdown(1)
    assert client.ended()


def test_malformed_chunk_closes_both_connections(proxy: RunningProxy) -> None:
    client = proxy.client()
    client.send(f"POST {BASE}/x HTTP/1.1\r\nHost: localhost\r\n{WITH_COOKIE}\r\nTransfer-Encoding: chunked\r\n\r\n")
    client.send("2\r\nabX")
    assert client.response().status == 400
    wait_for(lambda: proxy.session.open == 0, "the session's connection is ended")


SMUGGLED = f"GET {BASE}/smuggled HTTP/1.1\r\nHost: localhost\r\nX-Inner: 1\r\n\r\n"


@pytest.mark.parametrize(
    "headers",
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
def test_smuggled_request_never_reaches_the_session(proxy: RunningProxy, headers: str) -> None:
    proxy.client().get(f"{BASE}/first", WITH_COOKIE).response()
    client = proxy.client()
    client.send(
        f"POST {BASE}/outer HTTP/1.1\r\nHost: localhost\r\n{WITH_COOKIE}\r\n{headers}\r\n\r\n0\r\n\r\n{SMUGGLED}"
    )
    assert client.response().status == 400
    assert proxy.client().get(f"{BASE}/last", WITH_COOKIE).response().status == 200
    paths = [seen.lines[0].split(b" ")[1].decode() for seen in proxy.session.seen]
    assert paths == [f"{BASE}/first", f"{BASE}/last"]


def test_connection_header_cannot_drop_the_framing(proxy: RunningProxy) -> None:
    client = proxy.client()
    headers = (WITH_COOKIE, "Connection: content-length, host, transfer-encoding, x-named", "X-Named: 1")
    client.get(f"{BASE}/outer", *headers, method="POST", body=SMUGGLED.encode()).response()
    assert [seen.body for seen in proxy.session.seen] == [SMUGGLED.encode()]
    assert proxy.session.seen[0].values(b"x-named") == []


def test_http_1_0_client_gets_one_response(proxy: RunningProxy) -> None:
    for path in ("/x", f"{BASE}/x"):
        client = proxy.client().send(f"GET {path} HTTP/1.0\r\nHost: localhost\r\n{WITH_COOKIE}\r\n\r\n")
        response = client.response()
        assert (response.status, response.first("connection"), response.first("transfer-encoding")) == (
            200,
            "close",
            None,
        )
        assert client.ended()


def test_connection_close_is_obeyed(proxy: RunningProxy) -> None:
    for path in ("/x", f"{BASE}/x"):
        client = proxy.client().get(path, WITH_COOKIE, "Connection: close")
        response = client.response()
        assert (response.status, response.first("connection")) == (200, "close")
        assert client.ended()


def test_app_upload_is_complete(proxy: RunningProxy) -> None:
    body = b"0123456789abcdef" * 200_000
    client = proxy.client().get("/upload", method="PUT", body=body)
    assert f"{len(body)} {hashlib.sha256(body).hexdigest()[:8]}".encode() in client.response().body
    assert client.get("/next").response().status == 200


@pytest.mark.parametrize("between", ["/large", "/", f"{BASE}/lab"])
def test_app_continues_after_a_slowly_read_response(proxy: RunningProxy, between: str) -> None:
    client = proxy.client()
    for path in ("/large", between, "/large", "/"):
        assert client.get(path, WITH_COOKIE).response().status == 200
    client.send("".join(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n" for path in ("/large", "/large", "/")))
    assert [len(client.response().body) > LARGE // 2 for _ in range(3)] == [True, True, False]


def test_app_response_before_the_body_keeps_the_connection(proxy: RunningProxy) -> None:
    client = proxy.client()
    client.send("POST /unread HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n")
    assert client.response().body.startswith(b"app POST /unread? 0 ")
    client.send(b"x" * 100_000)
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().status == 200


def test_app_error_in_a_response_closes_the_connection(proxy: RunningProxy) -> None:
    client = proxy.client().get("/broken")
    assert client.head().status == 200
    assert client.ended()


def test_app_notices_a_disconnect(proxy: RunningProxy) -> None:
    client = proxy.client()
    path = f"/left/{proxy.port}"
    client.send(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc")
    wait_for(lambda: proxy.do(lambda: len(proxy.server.server_state.tasks)) == 1, "the application runs")
    client.close()
    wait_for(lambda: path in DISCONNECTS, "the application is told")


def test_app_sends_continue(proxy: RunningProxy) -> None:
    client = proxy.client()
    client.send("PUT /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n")
    assert client.response().status == 100
    assert client.send("abc").response().body.startswith(b"app PUT /x? 3 ")


def test_app_ignores_unknown_upgrades(proxy: RunningProxy) -> None:
    client = proxy.client().get("/x", "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAA")
    assert client.response().body.startswith(b"app GET /x?")
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().status == 200


def test_app_websocket_is_served_by_uvicorn(proxy: RunningProxy) -> None:
    with connect(f"ws://127.0.0.1:{proxy.port}/live/jobs/") as web_socket:
        web_socket.send("hello")
        assert web_socket.recv() == "app:/live/jobs/:hello"
        with pytest.raises(ConnectionClosedError):
            web_socket.recv()
        assert web_socket.close_code == 4001


def test_app_websocket_after_requests_on_the_same_connection(proxy: RunningProxy) -> None:
    client = proxy.client()
    assert client.get("/x").response().status == 200
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().status == 200
    with connect(f"ws://127.0.0.1:{proxy.port}/live/", sock=client.sock) as web_socket:
        web_socket.send("1")
        assert web_socket.recv() == "app:/live/:1"


def test_disconnected_browsers_leave_no_state(proxy: RunningProxy) -> None:
    clients = [proxy.client().get(f"{BASE}/x", WITH_COOKIE) for _ in range(5)]
    for client in clients:
        client.response()
        client.close()
    wait_for(lambda: proxy.do(lambda: len(proxy.server.server_state.connections)) == 0, "all are gone")
    assert proxy.do(proxy.state.count_open) == 0
