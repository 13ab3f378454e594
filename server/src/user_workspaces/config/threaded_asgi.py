"""Runs Django on a fixed pool of threads behind ASGI, and hands complete responses to the event loop in one step.

a2wsgi hands over the head, each part of the body and the end one by one, and its thread waits each time for the event
loop: for most responses that costs more than the view. Streaming responses are still handed over part by part.

A thread never waits for a client, neither for its body nor until it has read the response: a stalled client occupies a
connection but never a worker thread.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

from a2wsgi.wsgi import Body, build_environ
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, HTTPScope
from django.http import HttpResponseBase

from user_workspaces.config.disconnects import STALLED_SECONDS
from user_workspaces.config.memory import forget

Part = Any
"""A message of ASGI."""
InThread = Callable[..., Awaitable[Any]]
"""Calls a function in a thread of the pool."""
Django = Callable[[Any, Any], HttpResponseBase]
"""The WSGI application; Django's responses have an attribute `streaming`."""


SMALL = 256 * 1024
"""Bytes of a body that are buffered before a thread is used; nearly all bodies are smaller."""
THREADS_FOR_LARGE = 4


class ThreadedASGI:
    """An ASGI application for HTTP; `threads` requests run at once, others wait.

    Requests with a body larger than `SMALL` run in separate threads, which wait for the rest of the body.
    """

    def __init__(self, django: Django, *, threads: int) -> None:
        self._django = django
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="django")
        self._for_large = ThreadPoolExecutor(THREADS_FOR_LARGE, thread_name_prefix="django-large")

    async def __call__(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Handle one request."""
        loop = asyncio.get_running_loop()
        try:
            body = await _buffered(Body(loop, partial(_part, receive)), scope)
        except ConnectionResetError:
            return  # the client has disconnected before its request was complete
        except TimeoutError:
            await _reject(send)
            return
        environ = build_environ(scope, body)  # type: ignore[arg-type]  # a2wsgi has its own names for ASGI's types
        # Threads of a pool do not inherit the context: `on_user`, which reports the authentication, would be lost.
        pool, context = self._for_large if body._has_more else self._pool, copy_context()

        def in_thread(call: Callable[..., Any], *arguments: object) -> Awaitable[Any]:
            return loop.run_in_executor(pool, partial(context.run, call, *arguments))

        parts, streams = await in_thread(self._response, environ)
        while parts:  # frees each part after it was sent
            await send(parts.popleft())
        if streams is not None:
            await _stream(streams, send, in_thread)

    def _response(self, environ: Any) -> tuple[deque[Part], HttpResponseBase | None]:  # noqa: ANN401  as WSGI has it
        """Return the messages to send, and the response itself if it streams its body. Runs in the thread."""
        head = deque[Part]()

        def start(status: str, fields: list[tuple[str, str]], _exc_info: object = None, /) -> Callable[[bytes], None]:
            head.append(_head(status, fields))
            return _never_written

        response = self._django(environ, start)
        if response.streaming:
            return head, response
        try:
            head.extend(_whole(response))
            return head, None
        finally:
            # This sends `request_finished`, at which Django checks the database connection of the current thread.
            response.close()
            forget(response)


def _whole(response: HttpResponseBase) -> list[Part]:
    """Return the body messages of a complete response: one for a small body, else one for each part."""
    parts = [part for part in response if part]
    if sum(map(len, parts)) <= SMALL:
        parts = [b"".join(parts)]
    last = len(parts) - 1
    return [_body(part, more=location < last) for location, part in enumerate(parts)]


async def _stream(response: HttpResponseBase, send: ASGISendCallable, in_thread: InThread) -> None:
    """Send a body part by part; no thread waits while the client reads."""
    try:
        parts = iter(response)
        while (part := await in_thread(next, parts, None)) is not None:
            await send(_body(part, more=True))
        await send(_body(b"", more=False))
    finally:
        await in_thread(response.close)


async def _buffered(body: Body, scope: HTTPScope) -> Body:
    """Buffer a small body completely, and the first part of a larger one.

    `_has_more` is private in a2wsgi: it tells `Body.read` in the thread whether to wait for further messages.
    """
    names = {name for name, _ in scope["headers"]}
    # A request without these headers has no body (RFC 9112, 6.3): there is nothing to wait for.
    body._has_more = b"content-length" in names or b"transfer-encoding" in names
    while body._has_more and len(body.buffer) < SMALL:
        message: Part = await body.receive()
        body.buffer.extend(message.get("body", b""))
        body._has_more = message.get("more_body", False)
    return body


async def _part(receive: ASGIReceiveCallable) -> Part:
    """Return the next message; raises `ConnectionResetError` or `TimeoutError` for a truncated body."""
    async with asyncio.timeout(STALLED_SECONDS):
        message = await receive()
    if message["type"] == "http.disconnect":
        raise ConnectionResetError
    return message


async def _reject(send: ASGISendCallable) -> None:
    """Respond to a client that stopped sending its body."""
    await send(_head("408 Request Timeout", [("Content-Type", "application/json"), ("Connection", "close")]))
    await send(_body(b'{"success": false, "message": "The body did not come."}', more=False))


def _never_written(_content: bytes) -> None:
    """The `write` callable of WSGI, which Django does not use."""


def _head(status: str, fields: list[tuple[str, str]]) -> Part:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    return {"type": "http.response.start", "status": int(status[:3]), "headers": headers}


def _body(content: bytes, *, more: bool) -> Part:
    return {"type": "http.response.body", "body": content, "more_body": more}
