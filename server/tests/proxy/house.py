"""Where the tests live: a real server with the relay in it, real sessions behind it, a client that speaks bytes."""

import asyncio
import hashlib
import os
import socket
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvicorn
from websockets.asyncio.server import ServerConnection, unix_serve

from user_workspaces.interfaces.values import Endpoint
from user_workspaces.proxy.passthrough import Limits, Passthrough
from user_workspaces.proxy.protocol import relay_protocol
from user_workspaces.proxy.routes import Route, RouteTable, SessionClaim

T = TypeVar("T")
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
PATIENCE = 20.0
"""Seconds after which a test gives up on a condition."""
SECRET = "token of-the-session"
HTTP_JOB, WS_JOB, OWNER, EPOCH = 12, 13, 7, 3
COOKIE = f"uws-session-{HTTP_JOB}={HTTP_JOB}.{OWNER}.{EPOCH}"
WS_COOKIE = f"uws-session-{WS_JOB}={WS_JOB}.{OWNER}.{EPOCH}"
BASE = f"/passthrough/local/{HTTP_JOB}"
HANDSHAKE = (
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: b"
)
WS_BASE = f"/passthrough/local/{WS_JOB}"


def verify_cookie(value: str, job_id: int) -> SessionClaim | None:
    """Read `job.user.epoch`: signing is somebody else's."""
    parts = value.split(".")
    if len(parts) != 3 or not all(part.isdigit() for part in parts) or int(parts[0]) != job_id:
        return None
    return SessionClaim(job_id=int(parts[0]), user_id=int(parts[1]), epoch=int(parts[2]))


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds."""
    clock = threading.Event()
    for _ in range(int(PATIENCE / 0.005)):
        if condition():
            return
        clock.wait(0.005)
    pytest.fail(f"waited in vain: {what}")


@dataclass
class Seen:
    """One request as the session got it."""

    head: bytes
    body: bytes = b""

    @property
    def lines(self) -> list[bytes]:
        return self.head.split(b"\r\n")[:-2]

    def values(self, name: bytes) -> list[bytes]:
        return [line.partition(b": ")[2] for line in self.lines[1:] if line.partition(b":")[0].lower() == name]


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[bool]]


@dataclass
class Session:
    """A raw HTTP server on a Unix socket; what it does on which path is told by `handlers`."""

    socket_path: str
    handlers: dict[bytes, Handler] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    wrote: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.writers.add(writer)
        try:
            while await self.serve_one(reader, writer):
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self.open -= 1
            self.writers.discard(writer)
            writer.close()

    async def serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        self.seen.append(Seen(head))
        what = head.split(b" ")[1].partition(b"?")[0].rpartition(b"/")[2]
        handler = self.handlers.get(what)
        if handler is not None:
            return await handler(reader, writer, head)
        self.seen[-1].body = await read_body(reader, head)
        body = b"" if head.startswith(b"HEAD") else head
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(head), body))
        return True


async def read_body(reader: asyncio.StreamReader, head: bytes, take: Callable[[bytes], object] | None = None) -> bytes:
    """Read a request's body whole, or give its parts to `take`."""
    parts: list[bytes] = []
    take = take or parts.append
    seen = Seen(head)
    if seen.values(b"transfer-encoding"):
        while size := int(await reader.readuntil(b"\r\n"), 16):
            take(await reader.readexactly(size))
            await reader.readexactly(2)
        await reader.readexactly(2)
    left = int((seen.values(b"content-length") or [b"0"])[0])
    while left:
        part = await reader.read(min(left, 65536))
        if not part:
            raise asyncio.IncompleteReadError(b"", left)
        take(part)
        left -= len(part)
    return b"".join(parts)


async def hub(
    scope: Message, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
) -> None:
    """The application in the place of Django: says what it was asked."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        message = await receive()
        await send({"type": "websocket.send", "text": f"hub:{scope['path']}:{message.get('text')}"})
        await send({"type": "websocket.close", "code": 4001})
        return
    if scope["type"] == "lifespan":
        return
    size, digest = 0, hashlib.sha256()
    more = "unread" not in scope["path"]
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            DISCONNECTS.append(scope["path"])
            return
        digest.update(message.get("body", b""))
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    text = f"hub {scope['method']} {scope['path']}?{scope['query_string'].decode()} {size} {digest.hexdigest()[:8]}"
    headers = [(b"content-length", b"%d" % len(text))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    if "broken" in scope["path"]:
        raise RuntimeError("The application fails in the middle of its answer.")
    await send({"type": "http.response.body", "body": text.encode()})


DISCONNECTS: list[str] = []


class Client:
    """One connection of a browser."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.buffer = b""

    def send(self, data: bytes | str) -> "Client":
        self.sock.sendall(data.encode() if isinstance(data, str) else data)
        return self

    def get(self, path: str, *fields: str, method: str = "GET", host: str = "localhost", body: bytes = b"") -> "Client":
        if body:
            fields = (*fields, f"Content-Length: {len(body)}")
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", *fields, "", ""]
        return self.send("\r\n".join(lines).encode() + body)

    def fill(self) -> bool:
        data = self.sock.recv(1 << 20)
        self.buffer += data
        return bool(data)

    def head(self) -> "Answer":
        while b"\r\n\r\n" not in self.buffer:
            assert self.fill(), f"the connection ended in a head: {self.buffer!r}"
        raw, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = raw.decode("latin-1").split("\r\n")
        fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
        return Answer(int(lines[0].split(" ")[1]), fields)

    def exactly(self, size: int) -> bytes:
        while len(self.buffer) < size:
            assert self.fill(), f"the connection ended in a body: {len(self.buffer)} of {size} bytes"
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def skip(self, size: int) -> int:
        """Throw away that many bytes; return how many came."""
        came = 0
        while came < size and (self.buffer or self.fill()):
            taken = min(len(self.buffer), size - came)
            self.buffer = self.buffer[taken:]
            came += taken
        return came

    def answer(self, *, bodiless: bool = False) -> "Answer":
        answer = self.head()
        if bodiless or answer.status in (101, 204, 304) or answer.status < 200:
            return answer
        if answer.first("transfer-encoding") == "chunked":
            answer.body = b"".join(self.chunks())
        elif (length := answer.first("content-length")) is not None:
            answer.body = self.exactly(int(length))
        else:
            while self.fill():
                pass
            answer.body, self.buffer = self.buffer, b""
        return answer

    def chunks(self) -> Iterator[bytes]:
        while True:
            while b"\r\n" not in self.buffer:
                assert self.fill()
            size, _, self.buffer = self.buffer.partition(b"\r\n")
            yield self.exactly(int(size, 16))
            assert self.exactly(2) == b"\r\n"
            if not int(size, 16):
                return

    def ended(self) -> bool:
        """Read to the end; whether nothing came before it."""
        try:
            while self.fill():
                pass
        except ConnectionError:
            pass
        return not self.buffer

    def close(self) -> None:
        self.sock.close()


@dataclass
class Answer:
    """A response as the browser got it."""

    status: int
    fields: list[tuple[str, str]]
    body: bytes = b""

    def all(self, name: str) -> list[str]:
        return [value for known, value in self.fields if known == name]

    def first(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)


@dataclass
class House:
    """All of it, seen from the test."""

    loop: asyncio.AbstractEventLoop
    port: int
    passthrough: Passthrough
    session: Session
    routes: list[Route]
    server: uvicorn.Server
    thread: threading.Thread
    clients: list[Client] = field(default_factory=list)

    def client(self) -> Client:
        self.clients.append(Client(self.port))
        return self.clients[-1]

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        future: Future[T] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return future.result(PATIENCE)

    def do(self, action: Callable[[], T]) -> T:
        """Call something in the event loop."""

        async def call() -> T:
            return action()

        return self.run(call())

    def replace(self, *routes: Route) -> None:
        self.do(lambda: self.passthrough.table.replace(routes))

    def change(self, *, owner_id: int = OWNER, epoch: int = EPOCH, endpoint: Endpoint | None = None) -> None:
        """Change the route of the HTTP session."""
        endpoint = endpoint or self.routes[0].endpoint
        self.replace(replace(self.routes[0], owner_id=owner_id, epoch=epoch, endpoint=endpoint), self.routes[1])

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(PATIENCE)
        assert not self.thread.is_alive(), "the server did not end"


LIMITS = Limits(head=0.4, connect=2.0, idle=30.0, linger=1.0, upstream_idle=30.0, upstreams_per_job=4)


async def live(house: "Future[House]", directory: Path, limits: Limits) -> None:
    session = Session(str(directory / "http.sock"))
    web_socket_path = str(directory / "ws.sock")
    table = RouteTable()
    passthrough = Passthrough(
        table=table,
        verify_cookie=verify_cookie,
        session_domains=["localhost"],
        trusted_proxies=frozenset(),
        limits=limits,
    )
    uid = os.geteuid()
    routes = [
        Route(HTTP_JOB, OWNER, EPOCH, f"{BASE}/", Endpoint(session.socket_path, uid, authorization=SECRET)),
        Route(WS_JOB, OWNER, EPOCH, f"{WS_BASE}/", Endpoint(web_socket_path, uid, authorization=SECRET)),
    ]
    table.replace(routes)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        hub,
        http=relay_protocol(passthrough),
        lifespan="off",
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    backend = await asyncio.start_unix_server(session.serve, session.socket_path)
    async with backend, unix_serve(web_socket, web_socket_path, subprotocols=["a.kernel", "b"], max_size=1 << 24):
        port = listener.getsockname()[1]
        loop = asyncio.get_running_loop()
        house.set_result(House(loop, port, passthrough, session, routes, server, threading.current_thread()))
        await server.serve(sockets=[listener])
        passthrough.close()
        session.go_on.set()
        for writer in list(session.writers):
            writer.close()


async def web_socket(connection: ServerConnection) -> None:
    """Send everything back; some words have a meaning."""
    async for message in connection:
        if message == "close":
            await connection.close(4321, "as you wish")
        elif message == "ping":
            await (await connection.ping(b"from the session"))
            await connection.send("ponged")
        elif message == "headers":
            assert connection.request is not None
            await connection.send(str(connection.request.headers))
        else:
            await connection.send(message)
