"""Requests on Django's threads: complete responses are sent at once, streaming ones part by part."""

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
    """A response that records that it was closed."""

    was_closed = False

    def close(self) -> None:
        """Record the call."""
        type(self).was_closed = True
        super().close()


def exchange(view: View, *parts: bytes, length: int | None = None) -> list[Any]:
    """Send a request whose body comes in these parts; return the messages of the response."""
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


def test_complete_response_is_two_messages() -> None:
    sent = exchange(lambda _: HttpResponse(b"found", status=201, headers={"X-Mark": "blue"}))
    head, body = sent
    assert (head["type"], head["status"]) == ("http.response.start", 201)
    assert dict(head["headers"])[b"x-mark"] == b"blue"
    assert body == {"type": "http.response.body", "body": b"found", "more_body": False}


def test_response_without_a_body_ends() -> None:
    assert exchange(lambda _: HttpResponse(status=204))[-1] == {
        "type": "http.response.body",
        "body": b"",
        "more_body": False,
    }


def test_streaming_response_is_sent_part_by_part() -> None:
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
def test_body_in_any_number_of_parts_is_read_completely(parts: tuple[bytes, ...]) -> None:
    body = b"".join(parts)
    assert exchange(lambda request: HttpResponse(request.body), *parts, length=len(body))[-1]["body"] == body


def test_request_without_a_body_is_not_waited_for() -> None:
    assert exchange(lambda request: HttpResponse(request.body + b"."), b"unexpected")[-1]["body"] == b"."


def test_thread_has_the_context_of_the_request() -> None:
    MARK.set("of the request")
    assert exchange(lambda _: HttpResponse(MARK.get()))[-1]["body"] == b"of the request"


def test_complete_response_is_closed() -> None:
    Closed.was_closed = False
    exchange(lambda _: Closed(b"x"))
    assert Closed.was_closed


def test_failing_stream_is_closed_and_its_error_is_raised() -> None:
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
