"""How requests get to the threads of Django and answers back: at once where they are whole, in parts where not."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any, cast

import pytest
from asgiref.typing import HTTPScope
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse

from user_workspaces.config.threaded_asgi import ThreadedASGI

View = Callable[[WSGIRequest], HttpResponseBase]
MARK = ContextVar("mark", default="")


class Closed(HttpResponse):
    """Notes that it was closed."""

    was_closed = False

    def close(self) -> None:
        """Note it."""
        type(self).was_closed = True
        super().close()


def exchange(view: View, *parts: bytes, length: int | None = None) -> list[Any]:
    """Send a request whose body comes in these parts; return the messages that come back."""
    headers = [(b"content-length", str(length).encode())] if length is not None else []
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/here",
        "query_string": b"a=1",
        "http_version": "1.1",
        "headers": [*headers, (b"host", b"localhost")],
    }

    def django(environ: Any, start: Any) -> HttpResponseBase:
        response = view(WSGIRequest(environ))
        start(f"{response.status_code} {response.reason_phrase}", list(response.items()))
        return response

    async def run() -> list[Any]:
        left = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
        sent = list[Any]()

        async def receive() -> Any:
            return left.pop(0) if left else {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        await ThreadedASGI(django, threads=1)(cast("HTTPScope", scope), receive, send)
        return sent

    return asyncio.run(run())


def test_a_whole_response_is_two_messages_and_nothing_follows() -> None:
    sent = exchange(lambda _: HttpResponse(b"found", status=201, headers={"X-Mark": "blue"}))
    head, body = sent
    assert (head["type"], head["status"]) == ("http.response.start", 201)
    assert dict(head["headers"])[b"x-mark"] == b"blue"
    assert body == {"type": "http.response.body", "body": b"found", "more_body": False}


def test_an_response_without_a_body_ends_too() -> None:
    assert exchange(lambda _: HttpResponse(status=204))[-1] == {
        "type": "http.response.body",
        "body": b"",
        "more_body": False,
    }


def test_an_response_that_streams_goes_part_by_part() -> None:
    threads = set[int]()

    def parts() -> Iterator[bytes]:
        for part in (b"one", b"two"):
            threads.add(threading.get_ident())
            yield part

    sent = exchange(lambda _: StreamingHttpResponse(parts()))
    assert [(part.get("body"), part.get("more_body")) for part in sent] == [
        (None, None),
        (b"one", True),
        (b"two", True),
        (b"", False),
    ]
    assert threads
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("parts", [(b"whole",), (b"in ", b"three ", b"parts"), ()])
def test_a_body_is_read_whole_however_it_comes(parts: tuple[bytes, ...]) -> None:
    body = b"".join(parts)
    assert exchange(lambda request: HttpResponse(request.body), *parts, length=len(body))[-1]["body"] == body


def test_request_without_a_body_is_not_waited_for() -> None:
    assert exchange(lambda request: HttpResponse(request.body + b"."), b"unexpected")[-1]["body"] == b"."


def test_the_thread_knows_what_the_request_is_about() -> None:
    MARK.set("of the request")
    assert exchange(lambda _: HttpResponse(MARK.get()))[-1]["body"] == b"of the request"


def test_an_response_is_closed_before_it_is_sent() -> None:
    Closed.was_closed = False
    exchange(lambda _: Closed(b"x"))
    assert Closed.was_closed


def test_a_stream_that_breaks_is_closed_and_reported() -> None:
    closed = threading.Event()

    def broken() -> Iterator[bytes]:
        try:
            yield b"one"
            raise OSError("the disk is gone")
        finally:
            closed.set()

    with pytest.raises(OSError, match="the disk is gone"):
        exchange(lambda _: StreamingHttpResponse(broken()))
    assert closed.is_set()
