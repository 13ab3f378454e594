"""WebSockets through the relay, spoken by a real client and a real server."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from proxy.addresses import EPOCH, HANDSHAKE, ORIGIN, OWNER, WS_BASE, WS_COOKIE, WS_JOB
from proxy.proxy_fixture import RunningProxy
from proxy.waiting import wait_for
from user_workspaces.interfaces.values import Endpoint


@contextmanager
def opened(proxy: RunningProxy, **headers: str) -> Iterator[ClientConnection]:
    """Open a WebSocket of the session as the owner's browser does; a field that is "" is left out."""
    usual = {"Cookie": WS_COOKIE, "Origin": f"http://127.0.0.1:{proxy.port}"}
    given = {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}
    headers = {name: value for name, value in given.items() if value}
    subprotocols = [Subprotocol("b"), Subprotocol("a.kernel")]
    uri = f"ws://127.0.0.1:{proxy.port}{WS_BASE}/api/events"
    with connect(uri, additional_headers=headers, subprotocols=subprotocols, max_size=1 << 24) as web_socket:
        yield web_socket


def handshake_error(proxy: RunningProxy, **headers: str) -> int:
    """Return the status that a handshake is refused with."""
    with pytest.raises(InvalidStatus) as refused, opened(proxy, **headers):
        pass
    return int(refused.value.response.status_code)


def test_text_and_binary_come_back_as_they_were(proxy: RunningProxy) -> None:
    big = os.urandom(5 << 20)
    with opened(proxy) as web_socket:
        for message in ("text", "äöü €", b"binary\x00\xff", "", b"", big):
            web_socket.send(message)
            assert web_socket.recv(timeout=60) == message


def test_pings_work_in_both_directions(proxy: RunningProxy) -> None:
    with opened(proxy) as web_socket:
        assert web_socket.ping(b"from the browser").wait(20)
        web_socket.send("ping")
        assert web_socket.recv(timeout=60) == "ponged"


def test_subprotocol_is_agreed_end_to_end(proxy: RunningProxy) -> None:
    with opened(proxy) as web_socket:
        assert web_socket.subprotocol == "a.kernel"


def test_session_closes_with_its_code_and_reason(proxy: RunningProxy) -> None:
    with opened(proxy) as web_socket:
        web_socket.send("close")
        with pytest.raises(ConnectionClosed):
            web_socket.recv(timeout=60)
        assert (web_socket.close_code, web_socket.close_reason) == (4321, "as you wish")


def test_browser_closes_with_its_code(proxy: RunningProxy) -> None:
    with opened(proxy) as web_socket:
        web_socket.close(4000, "enough")
        assert web_socket.close_code == 4000
    wait_for(lambda: proxy.do(proxy.state.count_open) == 0, "the relay ended")


def test_handshake_is_rewritten_as_every_request(proxy: RunningProxy) -> None:
    with opened(proxy, Authorization="stolen", Origin=f"http://127.0.0.1:{proxy.port}") as web_socket:
        web_socket.send("headers")
        headers = str(web_socket.recv(timeout=60))
    assert "authorization: token of-the-session" in headers
    assert f"origin: http://127.0.0.1:{proxy.port}" in headers
    assert "stolen" not in headers
    assert "uws-" not in headers


def test_frames_sent_before_the_response_are_not_lost(proxy: RunningProxy) -> None:
    client = proxy.client()
    headers = HANDSHAKE.replace("Upgrade\r\n", "keep-alive, upgrade\r\n", 1)
    request = f"GET {WS_BASE}/ws HTTP/1.1\r\nHost: localhost\r\nCookie: {WS_COOKIE}\r\n{ORIGIN}\r\n{headers}\r\n\r\n"
    client.send(request.encode() + b"\x81\x82\x00\x00\x00\x00hi")
    assert client.response().first("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert client.exactly(4) == b"\x81\x02hi"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:1"])
def test_handshake_of_another_origin_is_refused(proxy: RunningProxy, origin: str) -> None:
    assert handshake_error(proxy, Origin=origin) == 403


def test_handshake_without_an_origin_is_refused(proxy: RunningProxy) -> None:
    assert handshake_error(proxy, Origin="") == 403


def test_handshake_of_a_program_needs_no_origin(proxy: RunningProxy) -> None:
    with opened(proxy, Origin="", UWS_Authorization="Token of-the-api") as web_socket:
        web_socket.send("headers")
        assert "of-the-api" not in str(web_socket.recv(timeout=60))


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_handshake_of_another_site_is_refused(proxy: RunningProxy, site: str) -> None:
    assert handshake_error(proxy, Sec_Fetch_Site=site) == 403


@pytest.mark.parametrize(
    "cookie", ["a=1", f"uws-session-{WS_JOB}={WS_JOB}.{OWNER + 1}.{EPOCH}", f"uws-session-{WS_JOB}={WS_JOB}.{OWNER}.9"]
)
def test_handshake_without_a_good_cookie_is_refused(proxy: RunningProxy, cookie: str) -> None:
    assert handshake_error(proxy, Cookie=cookie) == 403


def test_handshake_with_an_ended_session_is_refused(proxy: RunningProxy) -> None:
    proxy.replace(proxy.routes[0])
    assert handshake_error(proxy) == 404
    assert handshake_error(proxy, Cookie="a=1") == 404


def test_handshake_on_another_sessions_origin_is_refused(proxy: RunningProxy) -> None:
    client = proxy.client()
    client.get(f"{WS_BASE}/ws", f"Cookie: {WS_COOKIE}", HANDSHAKE, "Origin: http://s12.localhost", host="s12.localhost")
    assert client.response().status == 404


def test_handshake_with_a_session_that_does_not_listen_is_to_be_tried_again(proxy: RunningProxy) -> None:
    changed = Endpoint("/nowhere/at.sock", os.geteuid())
    proxy.replace(replace(proxy.routes[1], endpoint=changed))
    assert handshake_error(proxy) == 503


def test_handshake_that_the_session_refuses_leaves_the_connection_usable(proxy: RunningProxy) -> None:
    client = proxy.client()
    cookie = WS_COOKIE.replace("13", "12")
    path = WS_BASE.replace("13", "12")
    assert client.get(f"{path}/ws", f"Cookie: {cookie}", HANDSHAKE, ORIGIN).response().status == 200
    assert proxy.session.seen[0].values(b"upgrade") == [b"websocket"]
    assert client.get("/app").response().body.startswith(b"app GET /app")


def test_open_websocket_is_cut_with_its_route(proxy: RunningProxy) -> None:
    with opened(proxy) as web_socket:
        web_socket.send("1")
        assert web_socket.recv(timeout=60) == "1"
        proxy.replace()
        with pytest.raises(ConnectionClosed):
            web_socket.recv(timeout=60)
        assert web_socket.close_code == 1006
    assert proxy.do(proxy.state.count_open) == 0


def test_browser_that_vanishes_ends_the_sessions_side(proxy: RunningProxy) -> None:
    with opened(proxy) as web_socket:
        web_socket.socket.shutdown(socket.SHUT_RDWR)
        wait_for(lambda: proxy.do(proxy.state.count_open) == 0, "the relay ended")
