"""Hostile clients: over raw sockets, speaking WebSocket by hand, as no library would."""

import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus

from support.websocket_client import PATIENCE, Subscriber, WebProcess, change, handshake_error, watch
from user_workspaces.testing.waiting import eventually

pytestmark = pytest.mark.once
TEXT, CONTINUED, BINARY, PING, FIN = 0x1, 0x0, 0x2, 0x9, 0x80
MASK = b"\x00\x00\x00\x00"


def frame(opcode: int, data: bytes = b"", *, fin: bool = True) -> bytes:
    """Return a frame as clients send it."""
    size = bytes([0x80 | len(data)]) if len(data) < 126 else bytes([0xFE]) + struct.pack("!H", len(data))
    return bytes([opcode | (FIN if fin else 0)]) + size + MASK + data


@contextmanager
def raw(server: WebProcess, token: str, *, buffer: int | None = None, path: str = "/jobs/") -> Iterator[socket.socket]:
    """Open a WebSocket by hand; it reads nothing by itself, and no ping is answered."""
    with socket.socket() as client:
        if buffer is not None:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.settimeout(PATIENCE)
        client.connect(("127.0.0.1", server.port))
        client.sendall(head(server, token, path))
        assert client.recv(1, socket.MSG_PEEK)
        yield client


def head(server: WebProcess, token: str, path: str = "/jobs/", *further: str) -> bytes:
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: localhost:{server.port}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        f"UWS-Authorization: {token}",
        *further,
        "",
        "",
    ]
    return "\r\n".join(lines).encode()


def is_ended_by_server(client: socket.socket, sent: bytes, *, times: int) -> bool:
    """Send that again and again; whether the server ended the connection meanwhile."""
    client.settimeout(PATIENCE)
    try:
        for _ in range(times):
            client.sendall(sent)
        while client.recv(65536):
            pass
    except ConnectionError:
        pass
    except TimeoutError:
        return False
    return True


def connections(server: WebProcess) -> int:
    """Return how many connections the web process has open."""
    own = f":{server.port:04X} "
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(1 for line in lines if f"{line[1]} ".endswith(own) and line[3] == "01")


def still_serves(server: WebProcess, user: Subscriber) -> bool:
    job = user.job()
    with watch(server, f"/jobs/{job.pk}/", user.token) as found:
        return bool(found.next()["status"] == "pending")


def test_what_clients_say_is_ignored_for_a_while(server: WebProcess, ada: Subscriber) -> None:
    with watch(server, "/jobs/", ada.token) as found:
        for _ in range(20):
            found.connection.send("ping")
            found.connection.send(b"\x00\xff")
        found.connection.send(b"\xff\xfe", text=True)
        ada.job()
        assert found.next()["status"] == "pending"


def test_who_talks_too_much_is_sent_away(server: WebProcess, ada: Subscriber) -> None:
    with watch(server, "/jobs/", ada.token) as found:
        for _ in range(300):
            found.connection.send("x")
        assert found.close_code() == 1008


def test_long_message_is_refused(server: WebProcess, ada: Subscriber) -> None:
    with watch(server, "/jobs/", ada.token) as found:
        found.connection.send("x" * 1025)
        assert found.close_code() == 1009


def test_pings_are_answered(server: WebProcess, ada: Subscriber) -> None:
    with watch(server, "/jobs/", ada.token) as found:
        assert found.connection.ping().wait(PATIENCE)


def test_message_of_endless_parts_is_refused(server: WebProcess, ada: Subscriber) -> None:
    parts = frame(TEXT, b"x", fin=False) + frame(CONTINUED, fin=False) * 1000
    with raw(server, ada.token) as client:
        assert is_ended_by_server(client, parts, times=1)
    assert still_serves(server, ada)


@pytest.mark.parametrize(
    "sent",
    [
        b"\xff" * 50,
        b"\x81\x05hello",
        frame(0x3),
        frame(CONTINUED, b"x"),
        b"GET / HTTP/1.1\r\n",
    ],
)
def test_frames_that_cannot_be_ended_the_connection(server: WebProcess, ada: Subscriber, sent: bytes) -> None:
    with raw(server, ada.token) as client:
        assert is_ended_by_server(client, sent, times=1)
    assert still_serves(server, ada)


@pytest.mark.parametrize("sent", [frame(TEXT, b"early"), b"\xff" * 50, frame(0x8, b"\x03\xe8")])
def test_frames_before_the_response_do_no_harm(server: WebProcess, ada: Subscriber, sent: bytes) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(head(server, ada.token) + sent)
        assert client.recv(12) in {b"HTTP/1.1 101", b"HTTP/1.1 400"}
    assert still_serves(server, ada)


@pytest.mark.parametrize("further", [["X: " + "x" * 9000], [f"X-{number}: 1" for number in range(150)]])
def test_head_that_is_too_large_is_answered_and_the_connection_ended(
    server: WebProcess, ada: Subscriber, further: list[str]
) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as client:
        client.sendall(head(server, ada.token, "/jobs/", *further))
        response = b""
        while data := client.recv(4096):
            response += data
    assert response.split(b" ")[1] == b"431"


def test_who_pings_without_reading_costs_no_memory(server: WebProcess, ada: Subscriber) -> None:
    before = server.memory()
    with raw(server, ada.token, buffer=4096) as client:
        assert is_ended_by_server(client, frame(PING, b"x" * 125) * 500, times=4000)  # 250 MB
    assert server.memory() - before < 20_000
    assert still_serves(server, ada)


@pytest.mark.soak
@pytest.mark.slow
def test_who_does_not_read_is_cut_off_and_costs_no_memory(server: WebProcess, ada: Subscriber) -> None:
    """Changes come faster than they are read: only the newest waits, and after half a minute nobody does."""
    job = ada.job(message="x" * 60_000)
    with raw(server, ada.token, buffer=4096, path=f"/jobs/{job.pk}/") as client:
        before, begin = server.memory(), time.monotonic()
        number = 0
        while not _is_cut(client):
            assert time.monotonic() - begin < 10 * PATIENCE
            number += 1
            change(job, message=f"{number} " + "x" * 60_000)
            time.sleep(0.05)  # no waiting for anything: the pace of the changes
        assert time.monotonic() - begin > 10  # who is slow for a moment stays
        assert number > 20
        assert server.memory() - before < 20_000
    assert still_serves(server, ada)


def _is_cut(client: socket.socket) -> bool:
    """Whether the server ended the connection; found out without reading what it sent."""
    established = 1
    return client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != established


def test_clients_that_vanish_are_forgotten(server: WebProcess, ada: Subscriber) -> None:
    before = connections(server)
    clients = []
    for _ in range(50):
        client = socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE)
        client.sendall(head(server, ada.token))
        assert client.recv(12) == b"HTTP/1.1 101"
        clients.append(client)
    for client in clients:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
    eventually(lambda: connections(server) <= before)
    eventually(lambda: is_welcome_a_hundred_times(server, ada))


def is_welcome_a_hundred_times(server: WebProcess, user: Subscriber) -> bool:
    """Whether none of those who went counts against the limit any more."""
    try:
        with ExitStack() as stack:
            for _ in range(100):
                stack.enter_context(watch(server, "/jobs/", user.token))
    except InvalidStatus:
        return False
    return True


def test_refused_handshakes_leave_no_connection(server: WebProcess, ada: Subscriber) -> None:
    before, logged = connections(server), len(server.log())
    for _ in range(20):
        handshake_error(server, "/jobs/", "x")
        handshake_error(server, "/jobs/999999", ada.token)
    eventually(lambda: connections(server) <= before)
    assert server.log()[logged:] == ""
