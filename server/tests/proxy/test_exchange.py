"""One request to a session: what each side sees, and what happens when a side fails, stalls, or is shut out."""

import asyncio
import hashlib
import os
import socket
import threading
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from pathlib import Path

import pytest

from proxy.house import (
    BASE,
    COOKIE,
    EPOCH,
    HANDSHAKE,
    HTTP_JOB,
    OWNER,
    SECRET,
    WS_BASE,
    WS_JOB,
    House,
    Seen,
    read_body,
    wait_for,
)
from user_workspaces.interfaces.values import Endpoint
from user_workspaces.proxy.upstream import HIGH_WATER

pytestmark = pytest.mark.parametrize("loop_name", ["asyncio", "uvloop"], indirect=True)
WITH_COOKIE = f"Cookie: {COOKIE}"
MEGABYTE = 1 << 20


def reply(house: House, what: str, response: bytes, *, go_on: bool = True) -> None:
    """Let the session answer `what` with these bytes."""

    async def handler(_reader: Reader, writer: Writer, _head: bytes) -> bool:
        writer.write(response)
        return go_on

    house.session.handlers[what.encode()] = handler


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
    house.client().get(f"{BASE}/lab?reset&x=%20", *fields, host="localhost:1").answer()
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
    reply(house, "c", f"HTTP/1.1 200 OK\r\n{lines}Clear-Site-Data: *\r\nX: y\r\nContent-Length: 0\r\n\r\n".encode())
    answer = house.client().get(f"{BASE}/c", WITH_COOKIE).answer()
    assert answer.fields == [("set-cookie", "a=1; Path=/x"), ("set-cookie", "b=2"), ("x", "y"), ("content-length", "0")]


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
    assert client.get(f"{BASE}/lab", *fields).answer().body.startswith(f"hub GET {BASE}/lab?".encode())
    answer = client.get(f"{BASE}/api", *fields, method="POST", body=b"12").answer()
    assert answer.body.startswith(f"hub POST {BASE}/api? 2 ".encode())
    assert client.get(f"{BASE}/ws", *fields, HANDSHAKE).answer().status == 403
    assert house.session.seen == []


def test_request_with_a_ticket_is_the_hubs(house: House) -> None:
    answer = house.client().get(f"{BASE}/lab?a=1&ticket=abc", WITH_COOKIE).answer()
    assert answer.body.startswith(f"hub GET {BASE}/lab?a=1&ticket=abc ".encode())


def test_check_is_for_each_request_not_for_the_connection(house: House) -> None:
    client = house.client()
    assert client.get(f"{BASE}/x", WITH_COOKIE).answer().body.startswith(b"GET ")
    assert client.get(f"{BASE}/x").answer().body.startswith(b"hub ")
    house.change(epoch=EPOCH + 1)
    assert client.get(f"{BASE}/x", WITH_COOKIE).answer().body.startswith(b"hub ")
    assert client.get(f"{BASE}/x", WITH_COOKIE.replace(f".{EPOCH}", f".{EPOCH + 1}")).answer().body.startswith(b"GET ")


def test_session_is_reached_on_its_own_origin_and_on_no_other_sessions(house: House) -> None:
    client = house.client()
    own, other = f"s{HTTP_JOB}.localhost:{house.port}", f"s{WS_JOB}.localhost:{house.port}"
    assert client.get(f"{BASE}/x", WITH_COOKIE, host=own).answer().body.startswith(b"GET ")
    assert client.get(f"{BASE}/x", WITH_COOKIE, host=other).answer().body.startswith(b"hub ")
    assert client.get("/workspaces/", WITH_COOKIE, host=own).answer().body.startswith(b"hub ")


@pytest.mark.parametrize(
    "field", ["Origin: http://evil.example", "Origin: null", "Origin: http://localhost", "Sec-Fetch-Site: cross-site"]
)
def test_writes_from_another_site_are_refused(house: House, field: str) -> None:
    client = house.client().get(f"{BASE}/x", WITH_COOKIE, field, method="POST", body=b"1", host="localhost:99")
    assert client.answer().status == 403
    assert house.session.seen == []


def test_large_answer_is_streamed_whole(house: House) -> None:
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

    house.session.handlers[b"big"] = handler
    client = house.client()
    for query in ("?chunked", "?sized"):
        client.get(f"{BASE}/big{query}", WITH_COOKIE)
        answer, digest, size = client.head(), hashlib.sha256(), 0
        if query == "?sized":
            assert answer.first("content-length") == str(50 * MEGABYTE)
            while size < 50 * MEGABYTE:
                client.buffer or client.fill()
                size += len(client.buffer)
                digest.update(client.buffer)
                client.buffer = b""
        else:
            for chunk in client.chunks():
                digest.update(chunk)
        assert digest.hexdigest() == hashlib.sha256(piece * 50).hexdigest()
    assert house.session.connections == 1


def test_large_upload_is_streamed_whole(house: House) -> None:
    piece = os.urandom(MEGABYTE)

    async def handler(reader: Reader, writer: Writer, head: bytes) -> bool:
        digest = hashlib.sha256()
        await read_body(reader, head, digest.update)
        writer.write(b"HTTP/1.1 201 Created\r\nContent-Length: 64\r\n\r\n" + digest.hexdigest().encode())
        return True

    house.session.handlers[b"up"] = handler
    client = house.client()
    for length in (f"Content-Length: {50 * MEGABYTE}", "Transfer-Encoding: chunked"):
        client.get(f"{BASE}/up", WITH_COOKIE, length, method="PUT")
        chunked = length.startswith("T")
        for _ in range(50):
            client.send(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        client.send(b"0\r\n\r\n" if chunked else b"")
        answer = client.answer()
        assert (answer.status, answer.body.decode()) == (201, hashlib.sha256(piece * 50).hexdigest())


def test_session_is_paused_while_the_browser_does_not_read(house: House) -> None:
    size = 64 * MEGABYTE
    stalled = threading.Event()

    async def handler(_reader: Reader, writer: Writer, _head: bytes) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        while house.session.wrote < size:
            writer.write(bytes(65536))
            house.session.wrote += 65536
            drained = asyncio.ensure_future(writer.drain())
            if not (await asyncio.wait([drained], timeout=0.3))[0]:
                stalled.set()
                await drained
        return True

    house.session.handlers[b"big"] = handler
    client = house.client()
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    client.get(f"{BASE}/big", WITH_COOKIE)
    wait_for(stalled.is_set, "the session is paused")
    in_flight = house.session.wrote
    assert in_flight < 16 * MEGABYTE, "system buffers and ours, not the whole"
    assert client.head().status == 200
    assert client.skip(size) == size
    assert client.get(f"{BASE}/x", WITH_COOKIE).answer().status == 200


def test_browser_is_paused_while_the_session_does_not_read(house: House) -> None:
    size = 64 * MEGABYTE

    async def handler(reader: Reader, writer: Writer, head: bytes) -> bool:
        await house.session.go_on.wait()
        await read_body(reader, head, hashlib.sha256().update)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        return True

    house.session.handlers[b"up"] = handler
    client = house.client().get(f"{BASE}/up", WITH_COOKIE, f"Content-Length: {size}", method="PUT")
    client.sock.settimeout(0.3)
    sent = 0
    try:
        while sent < size:
            sent += client.sock.send(bytes(min(65536, size - sent)))
    except TimeoutError:
        pass
    assert sent < 16 * MEGABYTE, "system buffers and ours, not the whole"
    client.sock.settimeout(20)
    house.do(house.session.go_on.set)
    client.send(bytes(size - sent))
    assert client.answer().status == 200


def test_connection_kept_after_a_pause_is_read_again(house: House) -> None:
    reply(house, "big", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (8 * HIGH_WATER) + bytes(8 * HIGH_WATER))
    client = house.client()
    for _ in range(5):
        client.get(f"{BASE}/big", WITH_COOKIE)
        assert len(client.answer().body) == 8 * HIGH_WATER
        assert client.get(f"{BASE}/x", WITH_COOKIE).answer().status == 200
    assert house.session.connections == 1


@pytest.mark.parametrize(
    ("response", "status", "framing"),
    [
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, (None, None)),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, ("5", None)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ("0", None)),
        (b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", 200, (None, "chunked")),
    ],
)
def test_answer_without_a_body_keeps_both_connections(
    house: House, response: bytes, status: int, framing: tuple[str | None, str | None]
) -> None:
    reply(house, "r", response)
    client = house.client().get(f"{BASE}/r", WITH_COOKIE)
    if framing[1]:
        answer = client.head()
        assert client.exactly(len(b"0\r\nA: b\r\n\r\n")) == b"0\r\nA: b\r\n\r\n"
    else:
        answer = client.answer()
    assert (answer.status, answer.first("content-length"), answer.first("transfer-encoding")) == (status, *framing)
    assert client.get(f"{BASE}/x", WITH_COOKIE).answer().status == 200
    assert house.session.connections == 1


def test_head_request_has_an_answer_without_a_body(house: House) -> None:
    client = house.client().get(f"{BASE}/x", WITH_COOKIE, method="HEAD")
    answer = client.answer(bodiless=True)
    assert int(answer.first("content-length") or 0) > 0
    assert client.get(f"{BASE}/x", WITH_COOKIE).answer().status == 200
    assert house.session.connections == 1


def test_answer_without_a_length_ends_with_its_connection(house: House) -> None:
    reply(house, "eof", b"HTTP/1.1 200 OK\r\n\r\nas long as it lasts", go_on=False)
    client = house.client().get(f"{BASE}/eof", WITH_COOKIE)
    answer = client.answer()
    assert (answer.first("connection"), answer.body) == ("close", b"as long as it lasts")


def test_interim_answers_are_passed_on(house: House) -> None:
    reply(
        house,
        "hints",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Wait\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    )
    client = house.client().get(f"{BASE}/hints", WITH_COOKIE)
    assert [client.answer().status for _ in range(3)] == [103, 102, 200]


def test_expect_continue_is_passed_through(house: House) -> None:
    async def handler(reader: Reader, writer: Writer, head: bytes) -> bool:
        assert Seen(head).values(b"expect") == [b"100-continue"]
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = await read_body(reader, head)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        return True

    house.session.handlers[b"up"] = handler
    client = house.client().get(f"{BASE}/up", WITH_COOKIE, "Content-Length: 3", "Expect: 100-continue", method="PUT")
    assert client.answer().status == 100
    assert client.send("abc").answer().body == b"abc"


def test_early_answer_reaches_a_browser_that_still_sends(house: House) -> None:
    reply(house, "early", b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
    client = house.client().get(f"{BASE}/early", WITH_COOKIE, f"Content-Length: {MEGABYTE}", method="PUT")
    answer = client.send(bytes(1000)).answer()
    assert (answer.status, answer.body) == (413, b"no")
    client.send(bytes(MEGABYTE - 1000))
    assert client.get(f"{BASE}/x", WITH_COOKIE).answer().status == 200


def test_early_answer_is_not_followed_by_an_endless_body(house: House) -> None:
    reply(house, "early", b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
    client = house.client().get(f"{BASE}/early", WITH_COOKIE, f"Content-Length: {MEGABYTE}", method="PUT")
    assert client.answer().status == 413
    assert client.ended()


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: a\nY: b\r\n\r\n",
        b"HTTP/1.1 99 What\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_answer_that_cannot_be_understood_is_a_bad_gateway(house: House, response: bytes) -> None:
    reply(house, "bad", response)
    client = house.client().get(f"{BASE}/bad", WITH_COOKIE)
    assert client.answer().status == 502
    wait_for(lambda: house.session.open == 0, "the session's connection is ended")


def test_bytes_behind_an_answer_are_nobodys_answer(house: House) -> None:
    stray = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"
    reply(house, "two", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + stray)
    client = house.client()
    assert client.get(f"{BASE}/two", WITH_COOKIE).answer().body == b"ok"
    assert client.get(f"{BASE}/x", WITH_COOKIE).answer().body.startswith(b"GET ")
    assert house.session.connections == 2


def test_unasked_bytes_on_an_idle_connection_are_nobodys_answer(house: House) -> None:
    client = house.client()
    client.get(f"{BASE}/x", WITH_COOKIE).answer()
    house.do(lambda: next(iter(house.session.writers)).write(b"HTTP/1.1 200 OK\r\n\r\n"))
    wait_for(lambda: house.session.open == 0, "the connection is ended")
    assert client.get(f"{BASE}/x", WITH_COOKIE).answer().body.startswith(b"GET ")


def test_redirect_to_the_sessions_own_log_in_is_a_bad_gateway(house: House) -> None:
    reply(house, "in", f"HTTP/1.1 302 Found\r\nLocation: {BASE}/login?next=x\r\nContent-Length: 0\r\n\r\n".encode())
    assert house.client().get(f"{BASE}/in", WITH_COOKIE).answer().status == 502


def test_stale_connection_is_replaced_without_the_browser_noticing(house: House) -> None:
    async def handler(_reader: Reader, writer: Writer, _head: bytes) -> bool:
        if house.session.connections == 1:
            return False
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh")
        return True

    house.session.handlers[b"fresh"] = handler
    client = house.client()
    client.get(f"{BASE}/x", WITH_COOKIE).answer()
    assert client.get(f"{BASE}/fresh", WITH_COOKIE).answer().body == b"fresh"
    assert house.session.connections == 2


def test_repeated_once_only(house: House) -> None:
    async def handler(_reader: Reader, _writer: Writer, _head: bytes) -> bool:
        return False

    house.session.handlers[b"never"] = handler
    client = house.client()
    client.get(f"{BASE}/x", WITH_COOKIE).answer()
    assert client.get(f"{BASE}/never", WITH_COOKIE).answer().status == 502
    assert len(house.session.seen) == 3


@pytest.mark.parametrize("framing", [b"Content-Length: 100\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_session_that_dies_in_its_answer_cuts_the_browser(house: House, framing: bytes) -> None:
    reply(house, "die", b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n5\r\nabcde\r\n", go_on=False)
    client = house.client().get(f"{BASE}/die", WITH_COOKIE)
    assert client.head().status == 200
    client.ended()
    assert not client.buffer.endswith(b"0\r\n\r\n")


def test_session_that_dies_before_its_answer_is_a_bad_gateway(house: House) -> None:
    reply(house, "die", b"HTTP/1.1 200", go_on=False)
    assert house.client().get(f"{BASE}/die", WITH_COOKIE).answer().status == 502
    reply(house, "die", b"", go_on=False)
    assert house.client().get(f"{BASE}/die", WITH_COOKIE, method="POST", body=b"1").answer().status == 502


def test_browser_that_leaves_ends_the_sessions_work(house: House) -> None:
    async def handler(reader: Reader, writer: Writer, _head: bytes) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        await reader.read()
        return False

    house.session.handlers[b"stream"] = handler
    for body in (b"", b"x"):
        client = house.client().get(f"{BASE}/stream", WITH_COOKIE, method="POST", body=body)
        client.head()
        client.close()
        wait_for(lambda: house.session.open == 0, "the session is told")
    assert house.do(lambda: house.passthrough.open_relays(HTTP_JOB)) == 0


@pytest.mark.parametrize("change", ["gone", "epoch", "owner", "endpoint"])
def test_open_stream_is_cut_with_its_route(house: House, change: str) -> None:
    async def handler(reader: Reader, writer: Writer, _head: bytes) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        await reader.read()
        return False

    house.session.handlers[b"stream"] = handler
    idle = house.client()
    idle.get(f"{BASE}/x", WITH_COOKIE).answer()
    client = house.client().get(f"{BASE}/stream", WITH_COOKIE, method="POST", body=b"x")
    client.head()
    wait_for(lambda: house.session.open == 2, "one streams and one is idle")
    match change:
        case "gone":
            house.replace()
        case "epoch":
            house.change(epoch=EPOCH + 1)
        case "owner":
            house.change(owner_id=OWNER + 1)
        case _:
            house.change(endpoint=Endpoint(house.session.socket_path, os.geteuid(), authorization="another"))
    client.ended()
    assert client.buffer in (b"", b"1\r\na\r\n")
    wait_for(lambda: house.session.open == 0, "both connections to the session are ended")


def test_nothing_is_cut_when_nothing_changed(house: House) -> None:
    async def handler(_reader: Reader, writer: Writer, _head: bytes) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
        await house.session.go_on.wait()
        writer.write(b"b")
        return True

    house.session.handlers[b"stream"] = handler
    client = house.client().get(f"{BASE}/stream", WITH_COOKIE)
    client.head()
    house.change()
    house.do(house.session.go_on.set)
    assert client.exactly(2) == b"ab"


def test_session_that_does_not_listen_is_a_bad_gateway(house: House, tmp_path: Path) -> None:
    house.change(endpoint=Endpoint(str(tmp_path / "absent.sock"), os.geteuid()))
    assert house.client().get(f"{BASE}/x", WITH_COOKIE).answer().status == 502
    head = house.client().get(f"{BASE}/x", WITH_COOKIE, method="HEAD")
    assert head.answer(bodiless=True).status == 502
    assert head.ended()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "dead.sock"))
    dead.close()
    house.change(endpoint=Endpoint(str(tmp_path / "dead.sock"), os.geteuid()))
    assert house.client().get(f"{BASE}/x", WITH_COOKIE).answer().status == 502


def test_session_behind_tcp_is_reached(house: House) -> None:
    server = house.run(asyncio.start_server(house.session.serve, "127.0.0.1", 0))
    house.change(endpoint=Endpoint(host="127.0.0.1", port=server.sockets[0].getsockname()[1]))
    assert house.client().get(f"{BASE}/x", WITH_COOKIE).answer().status == 200
    house.do(server.close)
    assert house.session.seen[0].values(b"authorization") == []


def test_socket_of_somebody_else_is_not_talked_to(house: House) -> None:
    stolen = Endpoint(house.session.socket_path, os.geteuid() + 1, authorization=SECRET)
    house.change(endpoint=stolen)
    assert house.client().get(f"{BASE}/x", WITH_COOKIE).answer().status == 502
    assert house.session.seen == []


@pytest.mark.root
def test_link_to_another_ones_socket_is_not_followed(house: House, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to run sessions of two people")
    link = tmp_path / "link.sock"
    link.symlink_to(house.session.socket_path)
    house.change(endpoint=Endpoint(str(link), 65534, authorization=SECRET))
    assert house.client().get(f"{BASE}/x", WITH_COOKIE).answer().status == 502
    house.change(endpoint=Endpoint(str(link), 0, authorization=SECRET))
    assert house.client().get(f"{BASE}/x", WITH_COOKIE).answer().status == 200


def test_shutdown_lets_a_request_finish_and_closes_the_idle(house: House) -> None:
    async def handler(_reader: Reader, writer: Writer, _head: bytes) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
        await house.session.go_on.wait()
        writer.write(b"b")
        return True

    house.session.handlers[b"slow"] = handler
    idle, busy = house.client(), house.client()
    idle.get("/x").answer()
    busy.get(f"{BASE}/slow", WITH_COOKIE).head()
    house.server.should_exit = True
    assert idle.ended()
    house.do(house.session.go_on.set)
    assert busy.exactly(2) == b"ab"
    assert busy.ended()
    house.stop()


def test_shutdown_closes_websockets(house: House) -> None:
    client = house.client()
    cookie = f"Cookie: uws-session-{WS_JOB}={WS_JOB}.{OWNER}.{EPOCH}"
    assert client.get(f"{WS_BASE}/ws", cookie, HANDSHAKE).answer().status == 101
    house.stop()
    assert client.ended()
