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
from proxy.proxy_fixture import House
from proxy.waiting import wait_for
from user_workspaces.interfaces.values import Endpoint


@contextmanager
def opened(house: House, **fields: str) -> Iterator[ClientConnection]:
    """Open a WebSocket of the session as the owner's browser does; a field that is "" is left out."""
    usual = {"Cookie": WS_COOKIE, "Origin": f"http://127.0.0.1:{house.port}"}
    given = {**usual, **{name.replace("_", "-"): value for name, value in fields.items()}}
    headers = {name: value for name, value in given.items() if value}
    subprotocols = [Subprotocol("b"), Subprotocol("a.kernel")]
    uri = f"ws://127.0.0.1:{house.port}{WS_BASE}/api/events"
    with connect(uri, additional_headers=headers, subprotocols=subprotocols, max_size=1 << 24) as web_socket:
        yield web_socket


def refusal(house: House, **fields: str) -> int:
    """Return the status that a handshake is refused with."""
    with pytest.raises(InvalidStatus) as refused, opened(house, **fields):
        pass
    return int(refused.value.response.status_code)


def test_text_and_binary_come_back_as_they_were(house: House) -> None:
    big = os.urandom(5 << 20)
    with opened(house) as web_socket:
        for message in ("text", "äöü €", b"binary\x00\xff", "", b"", big):
            web_socket.send(message)
            assert web_socket.recv(timeout=60) == message


def test_pings_go_both_ways(house: House) -> None:
    with opened(house) as web_socket:
        assert web_socket.ping(b"from the browser").wait(20)
        web_socket.send("ping")
        assert web_socket.recv(timeout=60) == "ponged"


def test_subprotocol_is_agreed_end_to_end(house: House) -> None:
    with opened(house) as web_socket:
        assert web_socket.subprotocol == "a.kernel"


def test_session_closes_with_its_code_and_reason(house: House) -> None:
    with opened(house) as web_socket:
        web_socket.send("close")
        with pytest.raises(ConnectionClosed):
            web_socket.recv(timeout=60)
        assert (web_socket.close_code, web_socket.close_reason) == (4321, "as you wish")


def test_browser_closes_with_its_code(house: House) -> None:
    with opened(house) as web_socket:
        web_socket.close(4000, "enough")
        assert web_socket.close_code == 4000
    wait_for(lambda: house.do(lambda: house.passthrough.open_relays(WS_JOB)) == 0, "the relay ended")


def test_handshake_is_rewritten_as_every_request(house: House) -> None:
    with opened(house, Authorization="stolen", Origin=f"http://127.0.0.1:{house.port}") as web_socket:
        web_socket.send("headers")
        headers = str(web_socket.recv(timeout=60))
    assert "authorization: token of-the-session" in headers
    assert f"origin: http://127.0.0.1:{house.port}" in headers
    assert "stolen" not in headers
    assert "uws-" not in headers


def test_frames_sent_before_the_answer_are_not_lost(house: House) -> None:
    client = house.client()
    fields = HANDSHAKE.replace("Upgrade\r\n", "keep-alive, upgrade\r\n", 1)
    request = f"GET {WS_BASE}/ws HTTP/1.1\r\nHost: localhost\r\nCookie: {WS_COOKIE}\r\n{ORIGIN}\r\n{fields}\r\n\r\n"
    client.send(request.encode() + b"\x81\x82\x00\x00\x00\x00hi")
    assert client.response().first("sec-websocket-accept") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert client.exactly(4) == b"\x81\x02hi"


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:1"])
def test_handshake_of_another_origin_is_refused(house: House, origin: str) -> None:
    assert refusal(house, Origin=origin) == 403


def test_handshake_without_an_origin_is_refused(house: House) -> None:
    assert refusal(house, Origin="") == 403


def test_handshake_of_a_program_needs_no_origin(house: House) -> None:
    with opened(house, Origin="", UWS_Authorization="Token of-the-api") as web_socket:
        web_socket.send("headers")
        assert "of-the-api" not in str(web_socket.recv(timeout=60))


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_handshake_of_another_site_is_refused(house: House, site: str) -> None:
    assert refusal(house, Sec_Fetch_Site=site) == 403


@pytest.mark.parametrize(
    "cookie", ["a=1", f"uws-session-{WS_JOB}={WS_JOB}.{OWNER + 1}.{EPOCH}", f"uws-session-{WS_JOB}={WS_JOB}.{OWNER}.9"]
)
def test_handshake_without_a_good_cookie_is_refused(house: House, cookie: str) -> None:
    assert refusal(house, Cookie=cookie) == 403


def test_handshake_with_an_ended_session_is_refused(house: House) -> None:
    house.replace(house.routes[0])
    assert refusal(house) == 404
    assert refusal(house, Cookie="a=1") == 404


def test_handshake_on_another_sessions_origin_is_refused(house: House) -> None:
    client = house.client()
    client.get(f"{WS_BASE}/ws", f"Cookie: {WS_COOKIE}", HANDSHAKE, "Origin: http://s12.localhost", host="s12.localhost")
    assert client.response().status == 404


def test_handshake_with_a_session_that_does_not_listen_is_to_be_tried_again(house: House) -> None:
    changed = Endpoint("/nowhere/at.sock", os.geteuid())
    house.replace(replace(house.routes[1], endpoint=changed))
    assert refusal(house) == 503


def test_handshake_that_the_session_refuses_leaves_the_connection_usable(house: House) -> None:
    client = house.client()
    cookie = WS_COOKIE.replace("13", "12")
    path = WS_BASE.replace("13", "12")
    assert client.get(f"{path}/ws", f"Cookie: {cookie}", HANDSHAKE, ORIGIN).response().status == 200
    assert house.session.seen[0].values(b"upgrade") == [b"websocket"]
    assert client.get("/hub").response().body.startswith(b"hub GET /hub")


def test_open_websocket_is_cut_with_its_route(house: House) -> None:
    with opened(house) as web_socket:
        web_socket.send("1")
        assert web_socket.recv(timeout=60) == "1"
        house.replace()
        with pytest.raises(ConnectionClosed):
            web_socket.recv(timeout=60)
        assert web_socket.close_code == 1006
    assert house.do(lambda: house.passthrough.open_relays(WS_JOB)) == 0


def test_browser_that_vanishes_ends_the_sessions_side(house: House) -> None:
    with opened(house) as web_socket:
        web_socket.socket.shutdown(socket.SHUT_RDWR)
        wait_for(lambda: house.do(lambda: house.passthrough.open_relays(WS_JOB)) == 0, "the relay ended")
