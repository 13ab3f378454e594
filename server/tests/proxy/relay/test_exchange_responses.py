"""What a session may answer, what a browser gets of it, and what happens when the session fails."""

import os
import socket
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from proxy.addresses import BASE, WITH_COOKIE
from proxy.proxy_fixture import LIMITS, RunningProxy
from proxy.waiting import wait_for
from user_workspaces.interfaces.values import Endpoint

pytestmark = pytest.mark.parametrize("loop_name", ["asyncio", "uvloop"], indirect=True)


@pytest.mark.parametrize(
    ("response", "status", "framing"),
    [
        (b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, (None, None)),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", 304, ("5", None)),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ("0", None)),
        (b"HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n", 200, (None, "chunked")),
    ],
)
def test_response_without_a_body_keeps_both_connections(
    proxy: RunningProxy, response: bytes, status: int, framing: tuple[str | None, str | None]
) -> None:
    proxy.session.reply("r", response)
    client = proxy.client().get(f"{BASE}/r", WITH_COOKIE)
    if framing[1]:
        answer = client.head()
        assert client.exactly(len(b"0\r\nA: b\r\n\r\n")) == b"0\r\nA: b\r\n\r\n"
    else:
        answer = client.response()
    assert (answer.status, answer.first("content-length"), answer.first("transfer-encoding")) == (status, *framing)
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().status == 200
    assert proxy.session.connections == 1


def test_response_to_head_has_no_body(proxy: RunningProxy) -> None:
    client = proxy.client().get(f"{BASE}/x", WITH_COOKIE, method="HEAD")
    answer = client.response(bodiless=True)
    assert int(answer.first("content-length") or 0) > 0
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().status == 200
    assert proxy.session.connections == 1


def test_response_without_a_length_ends_with_its_connection(proxy: RunningProxy) -> None:
    proxy.session.reply("eof", b"HTTP/1.1 200 OK\r\n\r\nas long as it lasts", go_on=False)
    client = proxy.client().get(f"{BASE}/eof", WITH_COOKIE)
    answer = client.response()
    assert (answer.first("connection"), answer.body) == ("close", b"as long as it lasts")


def test_interim_responses_are_relayed(proxy: RunningProxy) -> None:
    proxy.session.reply(
        "hints",
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Wait\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    )
    client = proxy.client().get(f"{BASE}/hints", WITH_COOKIE)
    assert [client.response().status for _ in range(3)] == [103, 102, 200]


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
def test_malformed_response_is_a_bad_gateway(proxy: RunningProxy, response: bytes) -> None:
    proxy.session.reply("bad", response)
    client = proxy.client().get(f"{BASE}/bad", WITH_COOKIE)
    assert client.response().status == 502
    wait_for(lambda: proxy.session.open == 0, "the session's connection is ended")


def test_bytes_after_a_response_close_the_connection(proxy: RunningProxy) -> None:
    stray = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen"
    proxy.session.reply("two", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + stray)
    client = proxy.client()
    assert client.get(f"{BASE}/two", WITH_COOKIE).response().body == b"ok"
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().body.startswith(b"GET ")
    assert proxy.session.connections == 2


def test_unsolicited_bytes_close_an_idle_connection(proxy: RunningProxy) -> None:
    client = proxy.client()
    client.get(f"{BASE}/x", WITH_COOKIE).response()
    proxy.do(lambda: next(iter(proxy.session.writers)).write(b"HTTP/1.1 200 OK\r\n\r\n"))
    wait_for(lambda: proxy.session.open == 0, "the connection is ended")
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().body.startswith(b"GET ")


def test_redirect_to_the_login_of_a_session_is_a_bad_gateway(proxy: RunningProxy) -> None:
    proxy.session.reply(
        "in", f"HTTP/1.1 302 Found\r\nLocation: {BASE}/login?next=x\r\nContent-Length: 0\r\n\r\n".encode()
    )
    assert proxy.client().get(f"{BASE}/in", WITH_COOKIE).response().status == 502


def test_stale_connection_is_replaced_transparently(proxy: RunningProxy) -> None:
    async def handler(_reader: Reader, writer: Writer, _head: bytes) -> bool:
        if proxy.session.connections == 1:
            return False
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfresh")
        return True

    proxy.session.handlers[b"fresh"] = handler
    client = proxy.client()
    client.get(f"{BASE}/x", WITH_COOKIE).response()
    assert client.get(f"{BASE}/fresh", WITH_COOKIE).response().body == b"fresh"
    assert proxy.session.connections == 2


def test_request_is_repeated_once(proxy: RunningProxy) -> None:
    async def handler(_reader: Reader, _writer: Writer, _head: bytes) -> bool:
        return False

    proxy.session.handlers[b"never"] = handler
    client = proxy.client()
    client.get(f"{BASE}/x", WITH_COOKIE).response()
    assert client.get(f"{BASE}/never", WITH_COOKIE).response().status == 503
    assert len(proxy.session.seen) == 3


@pytest.mark.parametrize("framing", [b"Content-Length: 100\r\n", b"Transfer-Encoding: chunked\r\n"])
def test_session_that_dies_in_a_response_disconnects_the_browser(proxy: RunningProxy, framing: bytes) -> None:
    proxy.session.reply("die", b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n5\r\nabcde\r\n", go_on=False)
    client = proxy.client().get(f"{BASE}/die", WITH_COOKIE)
    assert client.head().status == 200
    client.ended()
    assert not client.buffer.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("sent", [b"", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\nContent-"])
def test_session_that_closes_before_its_response_is_unavailable(proxy: RunningProxy, sent: bytes) -> None:
    """JupyterLab asks again after a 503 only: anything else is the death of a kernel to it."""
    proxy.session.reply("die", sent, go_on=False)
    for method, body in (("GET", b""), ("POST", b"1")):
        answer = proxy.client().get(f"{BASE}/die", WITH_COOKIE, method=method, body=body).response()
        assert (answer.status, answer.first("retry-after")) == (503, "1")


def test_disconnect_of_the_browser_reaches_the_session(proxy: RunningProxy) -> None:
    async def handler(reader: Reader, writer: Writer, _head: bytes) -> bool:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        await reader.read()
        return False

    proxy.session.handlers[b"stream"] = handler
    for body in (b"", b"x"):
        client = proxy.client().get(f"{BASE}/stream", WITH_COOKIE, method="POST", body=body)
        client.head()
        client.close()
        wait_for(lambda: proxy.session.open == 0, "the session is told")
    assert proxy.do(proxy.state.count_open) == 0


def test_session_that_does_not_listen_is_unavailable(proxy: RunningProxy, tmp_path: Path) -> None:
    proxy.change(endpoint=Endpoint(str(tmp_path / "absent.sock"), os.geteuid()))
    answer = proxy.client().get(f"{BASE}/x", WITH_COOKIE).response()
    assert (answer.status, answer.first("retry-after")) == (503, "1")
    head = proxy.client().get(f"{BASE}/x", WITH_COOKIE, method="HEAD")
    assert head.response(bodiless=True).status == 503
    assert head.ended()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "dead.sock"))
    dead.close()
    proxy.change(endpoint=Endpoint(str(tmp_path / "dead.sock"), os.geteuid()))
    assert proxy.client().get(f"{BASE}/x", WITH_COOKIE).response().status == 503


def test_session_that_does_not_accept_in_time_is_unavailable(
    start_proxy: Callable[..., RunningProxy], tmp_path: Path
) -> None:
    proxy = start_proxy(replace(LIMITS, connect=0.1))
    with socket.socket(socket.AF_UNIX) as busy, socket.socket(socket.AF_UNIX) as waiting:
        busy.bind(str(tmp_path / "busy.sock"))
        busy.listen(0)
        waiting.connect(busy.getsockname())
        proxy.change(endpoint=Endpoint(busy.getsockname(), os.geteuid()))
        answer = proxy.client().get(f"{BASE}/x", WITH_COOKIE).response()
        assert (answer.status, answer.first("retry-after")) == (503, "1")
