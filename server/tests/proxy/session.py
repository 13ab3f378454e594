"""The sessions behind the relay: a scripted HTTP server and a WebSocket server."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from websockets.asyncio.server import ServerConnection


@dataclass
class Seen:
    """One request as received by the session."""

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
    """A raw HTTP server on a Unix socket, with `handlers` by the last part of the path."""

    socket_path: str
    handlers: dict[bytes, Handler] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    wrote: int = 0
    go_on: asyncio.Event = field(default_factory=asyncio.Event)
    writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def reply(self, what: str, response: bytes, *, go_on: bool = True) -> None:
        """Respond to `what` with these bytes; `go_on`: keep the connection for the next request."""

        async def handler(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _head: bytes) -> bool:
            writer.write(response)
            return go_on

        self.handlers[what.encode()] = handler

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


async def web_socket(connection: ServerConnection) -> None:
    """Echo all messages; some words are commands."""
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
