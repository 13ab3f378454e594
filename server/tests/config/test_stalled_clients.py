"""Clients that stall or disconnect occupy no thread, and their truncated requests have no effect."""

import asyncio
from typing import Any, cast

import pytest
from asgiref.typing import HTTPScope
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse, UnreadablePostError

from user_workspaces.config import threaded_asgi
from user_workspaces.config.threaded_asgi import SMALL, THREADS_FOR_LARGE, ThreadedASGI
from user_workspaces.config.wsgi import Request

LEFT: dict[str, object] = {"type": "http.disconnect"}
LIMIT = 60
LENGTH = (b"content-length", b"10000000")
CHUNKED = (b"transfer-encoding", b"chunked")


def part(content: bytes, *, more: bool = True) -> dict[str, object]:
    return {"type": "http.request", "body": content, "more_body": more}


class Client:
    """Sends these messages and then nothing; receives only the first `takes` messages of the response."""

    def __init__(self, *messages: dict[str, object], path: str = "/", takes: int = 1000) -> None:
        self.path, self.got = path, list[Any]()
        self._messages, self._takes, self.stands = list(messages), takes, asyncio.Event()

    async def receive(self) -> Any:
        if self._messages:
            return self._messages.pop(0)
        return await self._stand_still()

    async def send(self, message: Any) -> None:
        if len(self.got) >= self._takes:
            await self._stand_still()
        self.got.append(message)

    async def _stand_still(self) -> None:
        self.stands.set()
        await asyncio.get_running_loop().create_future()


def django(seen: list[bytes]) -> ThreadedASGI:
    """Return an application with two threads: it returns the size of the body, or a stream at `/stream`."""

    def view(environ: Any, start: Any) -> HttpResponseBase:
        request: HttpRequest = Request(environ)
        response: HttpResponseBase
        if request.path == "/stream":
            response = StreamingHttpResponse(iter((b"one", b"two", b"three")))
        else:
            response = HttpResponse(_body(request))
            seen.append(response.content)
        start(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return response

    return ThreadedASGI(view, threads=2)


def _body(request: HttpRequest) -> bytes:
    try:
        return b"%d bytes" % len(request.body)
    except UnreadablePostError:
        return b"broke off"


async def answered(application: ThreadedASGI, client: Client, *headers: tuple[bytes, bytes]) -> None:
    scope = {
        "type": "http", "method": "POST", "path": client.path, "query_string": b"", "http_version": "1.1",
        "headers": list(headers),
    }  # fmt: skip
    async with asyncio.timeout(LIMIT):
        await application(cast("HTTPScope", scope), client.receive, client.send)


def bodies(client: Client) -> bytes:
    return b"".join(message.get("body", b"") for message in client.got)


@pytest.mark.parametrize("header", [LENGTH, CHUNKED])
@pytest.mark.parametrize("started", [(), (part(b"{"),)], ids=["nothing", "beginning"])
def test_stalled_upload_does_not_delay_others(header: tuple[bytes, bytes], started: tuple[Any, ...]) -> None:
    async def run() -> None:
        application, seen = django([]), list[Client]()
        async with asyncio.TaskGroup() as tasks:
            seen = [Client(*started) for _ in range(10)]
            usage = [tasks.create_task(answered(application, client, header)) for client in seen]
            for client in seen:
                await client.stands.wait()
            other = Client(part(b"ab"), part(b"c", more=False))
            await answered(application, other, header)
            assert bodies(other) == b"3 bytes"
            for task in usage:
                task.cancel()

    asyncio.run(run())


def test_stalled_large_upload_does_not_delay_small_ones() -> None:
    async def run() -> None:
        application = django([])
        async with asyncio.TaskGroup() as tasks:
            much = [Client(part(b"x" * SMALL)) for _ in range(THREADS_FOR_LARGE)]
            usage = [tasks.create_task(answered(application, client, LENGTH)) for client in much]
            for client in much:
                await client.stands.wait()
            other = Client(part(b"abc", more=False))
            await answered(application, other, LENGTH)
            assert bodies(other) == b"3 bytes"
            for task in usage:
                task.cancel()

    asyncio.run(run())


@pytest.mark.parametrize("header", [LENGTH, CHUNKED])
def test_large_body_is_read_completely_or_raises_an_error(header: tuple[bytes, bytes]) -> None:
    started = part(b"x" * SMALL)
    for last, found in ((part(b"y", more=False), b"%d bytes" % (SMALL + 1)), (LEFT, b"broke off")):
        client = Client(started, part(b""), last)
        asyncio.run(answered(django([]), client, header))
        assert bodies(client) == found


def test_stalled_download_does_not_delay_others() -> None:
    async def run() -> None:
        application = django([])
        async with asyncio.TaskGroup() as tasks:
            readers = [Client(path="/stream", takes=2) for _ in range(10)]
            usage = [tasks.create_task(answered(application, client)) for client in readers]
            for client in readers:
                await client.stands.wait()
            other = Client(path="/stream")
            await answered(application, other)
            assert bodies(other) == b"onetwothree"
            for task in usage:
                task.cancel()

    asyncio.run(run())


@pytest.mark.parametrize("header", [LENGTH, CHUNKED])
@pytest.mark.parametrize("started", [(), (part(b"  "),)], ids=["nothing", "beginning"])
def test_truncated_body_does_not_reach_the_view(header: tuple[bytes, bytes], started: tuple[Any, ...]) -> None:
    seen, client = list[bytes](), Client(*started, LEFT)
    asyncio.run(answered(django(seen), client, header))
    assert (seen, client.got) == ([], [])


def test_stalled_body_gets_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threaded_asgi, "STALLED_SECONDS", 0)
    seen = list[bytes]()

    async def run() -> Client:
        client = Client(part(b"{"))
        await answered(django(seen), client, LENGTH)
        return client

    client = asyncio.run(run())
    assert (client.got[0]["status"], bodies(client), seen) == (
        408,
        b'{"success": false, "message": "The body did not come."}',
        [],
    )


@pytest.mark.parametrize("parts", [(b"whole",), (b"in ", b"three ", b"parts"), ()])
def test_body_without_a_length_is_read_completely(parts: tuple[bytes, ...]) -> None:
    client = Client(*(part(one) for one in parts), part(b"", more=False))
    asyncio.run(answered(django([]), client, CHUNKED))
    assert bodies(client) == b"%d bytes" % len(b"".join(parts))
