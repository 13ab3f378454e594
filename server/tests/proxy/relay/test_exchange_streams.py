"""Bodies on their way: streamed both ways, never piled up, and cut with their route."""

import asyncio
import hashlib
import os
import socket
import threading
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer

import pytest

from proxy.addresses import BASE, EPOCH, HANDSHAKE, ORIGIN, OWNER, WITH_COOKIE, WS_BASE, WS_JOB
from proxy.proxy_fixture import RunningProxy
from proxy.session import Seen, read_body
from proxy.waiting import wait_for
from user_workspaces.interfaces.values import Endpoint
from user_workspaces.proxy.relay.upstream import HIGH_WATER

pytestmark = pytest.mark.parametrize("loop_name", ["asyncio", "uvloop"], indirect=True)
MEGABYTE = 1 << 20


def test_large_response_is_complete(proxy: RunningProxy) -> None:
    piece = os.urandom(MEGABYTE)

    async def handler(_reader: Reader, writer: Writer, head: bytes) -> bool:
        chunked = b"?chunked" in head.partition(b"\r\n")[0]
        length = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % (50 * MEGABYTE)
        writer.write(b"HTTP/1.1 200 OK\r\n%b\r\n\r\n" % length)
        for _ in range(50):
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            await writer.drain()
        writer.write(b"0\r\n\r\n" if chunked else b"")
        return True

    proxy.session.handlers[b"big"] = handler
    client = proxy.client()
    for query in ("?chunked", "?sized"):
        client.get(f"{BASE}/big{query}", WITH_COOKIE)
        response, digest, size = client.head(), hashlib.sha256(), 0
        if query == "?sized":
            assert response.first("content-length") == str(50 * MEGABYTE)
            while size < 50 * MEGABYTE:
                client.buffer or client.fill()
                size += len(client.buffer)
                digest.update(client.buffer)
                client.buffer = b""
        else:
            for chunk in client.chunks():
                digest.update(chunk)
        assert digest.hexdigest() == hashlib.sha256(piece * 50).hexdigest()
    assert proxy.session.connections == 1


def test_large_upload_is_complete(proxy: RunningProxy) -> None:
    piece = os.urandom(MEGABYTE)

    async def handler(reader: Reader, writer: Writer, head: bytes) -> bool:
        digest = hashlib.sha256()
        await read_body(reader, head, digest.update)
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 64\r\n\r\n" + digest.hexdigest().encode())
        return True

    proxy.session.handlers[b"up"] = handler
    client = proxy.client()
    for length in (f"Content-Length: {50 * MEGABYTE}", "Transfer-Encoding: chunked"):
        client.get(f"{BASE}/up", WITH_COOKIE, length, method="PUT")
        chunked = length.startswith("T")
        for _ in range(50):
            client.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        client.send(b"0\r\n\r\n" if chunked else b"")
        response = client.response()
        assert (response.status, response.body.decode()) == (201, hashlib.sha256(piece * 50).hexdigest())


def test_session_is_paused_while_the_browser_does_not_read(proxy: RunningProxy) -> None:
    size = 64 * MEGABYTE
    stalled = threading.Event()

    async def handler(_reader: Reader, writer: Writer, _head: bytes) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while proxy.session.wrote < size:
            writer.write(bytes(65536))
            proxy.session.wrote += 65536
            drained = asyncio.ensure_future(writer.drain())
            if not (await asyncio.wait([drained], timeout=0.3))[0]:
                stalled.set()
                await drained
        return True

    proxy.session.handlers[b"big"] = handler
    client = proxy.client()
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.get(f"{BASE}/big", WITH_COOKIE)
    wait_for(stalled.is_set, "the session is paused")
    in_flight = proxy.session.wrote
    assert in_flight < 16 * MEGABYTE, "system buffers and ours, not the whole"
    assert client.head().status == 200
    assert client.skip(size) == size
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().status == 200


def test_browser_is_paused_while_the_session_does_not_read(proxy: RunningProxy) -> None:
    size = 64 * MEGABYTE

    async def handler(reader: Reader, writer: Writer, head: bytes) -> bool:
        await proxy.session.go_on.wait()
        await read_body(reader, head, hashlib.sha256().update)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return True

    proxy.session.handlers[b"up"] = handler
    client = proxy.client().get(f"{BASE}/up", WITH_COOKIE, f"Content-Length: {size}", method="PUT")
    client.sock.settimeout(0.3)
    sent = 0
    try:
        while sent < size:
            sent += client.sock.send(bytes(min(65536, size - sent)))
    except TimeoutError:
        pass
    assert sent < 16 * MEGABYTE, "system buffers and ours, not the whole"
    client.sock.settimeout(20)
    proxy.do(proxy.session.go_on.set)
    client.send(bytes(size - sent))
    assert client.response().status == 200


def test_paused_connection_is_resumed_in_the_pool(proxy: RunningProxy) -> None:
    proxy.session.reply(
        "big", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (8 * HIGH_WATER) + bytes(8 * HIGH_WATER)
    )
    client = proxy.client()
    for _ in range(5):
        client.get(f"{BASE}/big", WITH_COOKIE)
        assert len(client.response().body) == 8 * HIGH_WATER
        assert client.get(f"{BASE}/x", WITH_COOKIE).response().status == 200
    assert proxy.session.connections == 1


def test_expect_continue_is_passed_through(proxy: RunningProxy) -> None:
    async def handler(reader: Reader, writer: Writer, head: bytes) -> bool:
        assert Seen(head).values(b"expect") == [b"100-continue"]
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await read_body(reader, head)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        return True

    proxy.session.handlers[b"up"] = handler
    client = proxy.client().get(f"{BASE}/up", WITH_COOKIE, "Content-Length: 3", "Expect: 100-continue", method="PUT")
    assert client.response().status == 100
    assert client.send("abc").response().body == b"abc"


def test_early_response_reaches_a_browser_that_still_sends(proxy: RunningProxy) -> None:
    proxy.session.reply("early", b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
    client = proxy.client().get(f"{BASE}/early", WITH_COOKIE, f"Content-Length: {MEGABYTE}", method="PUT")
    response = client.send(bytes(1000)).response()
    assert (response.status, response.body) == (413, b"no")
    client.send(bytes(MEGABYTE - 1000))
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().status == 200


def test_endless_body_after_an_early_response_times_out(proxy: RunningProxy) -> None:
    proxy.session.reply("early", b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
    client = proxy.client().get(f"{BASE}/early", WITH_COOKIE, f"Content-Length: {MEGABYTE}", method="PUT")
    assert client.response().status == 413
    assert client.ended()


@pytest.mark.parametrize("change", ["gone", "epoch", "owner", "endpoint"])
def test_open_stream_is_cut_with_its_route(proxy: RunningProxy, change: str) -> None:
    async def handler(reader: Reader, writer: Writer, _head: bytes) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        await reader.read()
        return False

    proxy.session.handlers[b"stream"] = handler
    idle = proxy.client()
    idle.get(f"{BASE}/x", WITH_COOKIE).response()
    client = proxy.client().get(f"{BASE}/stream", WITH_COOKIE, method="POST", body=b"x")
    client.head()
    wait_for(lambda: proxy.session.open == 2, "one streams and one is idle")
    match change:
        case "gone":
            proxy.replace()
        case "epoch":
            proxy.change(epoch=EPOCH + 1)
        case "owner":
            proxy.change(owner_id=OWNER + 1)
        case _:
            proxy.change(endpoint=Endpoint(proxy.session.socket_path, os.geteuid(), authorization="another"))
    client.ended()
    assert client.buffer in (b"", b"1\r\na\r\n")
    wait_for(lambda: proxy.session.open == 0, "both connections to the session are ended")


def test_unchanged_route_keeps_its_streams(proxy: RunningProxy) -> None:
    async def handler(_reader: Reader, writer: Writer, _head: bytes) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
        await proxy.session.go_on.wait()
        writer.write(b"b")
        return True

    proxy.session.handlers[b"stream"] = handler
    client = proxy.client().get(f"{BASE}/stream", WITH_COOKIE)
    client.head()
    proxy.change()
    proxy.do(proxy.session.go_on.set)
    assert client.exactly(2) == b"ab"


def test_shutdown_finishes_requests_and_closes_idle_connections(proxy: RunningProxy) -> None:
    async def handler(_reader: Reader, writer: Writer, _head: bytes) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
        await proxy.session.go_on.wait()
        writer.write(b"b")
        return True

    proxy.session.handlers[b"slow"] = handler
    idle, busy = proxy.client(), proxy.client()
    idle.get("/x").response()
    busy.get(f"{BASE}/slow", WITH_COOKIE).head()
    proxy.server.should_exit = True
    assert idle.ended()
    proxy.do(proxy.session.go_on.set)
    assert busy.exactly(2) == b"ab"
    assert busy.ended()
    proxy.stop()


def test_shutdown_closes_websockets(proxy: RunningProxy) -> None:
    client = proxy.client()
    cookie = f"Cookie: uws-session-{WS_JOB}={WS_JOB}.{OWNER}.{EPOCH}"
    assert client.get(f"{WS_BASE}/ws", cookie, HANDSHAKE, ORIGIN).response().status == 101
    proxy.stop()
    assert client.ended()
