"""Django on a fixed pool of threads behind ASGI, where an answer that is whole crosses to the event loop at once.

a2wsgi hands over the head, each part of the body and the end one by one, and its thread waits each time until the event
loop has taken it: for most of our answers that costs more than the view. What streams still goes part by part.

There are few threads, so none of them ever waits for a client: neither for what it sends nor until it has taken what it
gets. Somebody who stands still keeps a connection, and nobody else waiting.
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
"""Calls something in a thread of the pool."""
Django = Callable[[Any, Any], HttpResponseBase]
"""As WSGI calls it; Django's own answers tell whether they stream."""


SMALL = 256 * 1024
"""Bytes of a body that is there before a thread is: nearly all are smaller."""
THREADS_FOR_LARGE = 4


class ThreadedASGI:
    """An ASGI application for HTTP alone; `threads` requests are answered at once, the others wait for their turn.

    A body that is larger than `SMALL` has threads of its own, which do wait for the rest of it.
    """

    def __init__(self, django: Django, *, threads: int) -> None:
        self._django = django
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="django")
        self._for_large = ThreadPoolExecutor(THREADS_FOR_LARGE, thread_name_prefix="django-large")

    async def __call__(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer one request."""
        loop = asyncio.get_running_loop()
        try:
            body = await _buffered(Body(loop, partial(_part, receive)), scope)
        except ConnectionResetError:
            return  # nobody is there to be answered, and what they wanted is not known
        except TimeoutError:
            await _reject(send)
            return
        environ = build_environ(scope, body)  # type: ignore[arg-type]  # a2wsgi has its own names for ASGI's types
        pool, context = self._for_large if body._has_more else self._pool, copy_context()

        def in_thread(call: Callable[..., Any], *arguments: object) -> Awaitable[Any]:
            return loop.run_in_executor(pool, partial(context.run, call, *arguments))

        parts, streams = await in_thread(self._response, environ)
        while parts:  # what is sent is let go
            await send(parts.popleft())
        if streams is not None:
            await _stream(streams, send, in_thread)

    def _response(self, environ: Any) -> tuple[deque[Part], HttpResponseBase | None]:  # noqa: ANN401  as WSGI has it
        """Return what there is to send; of an answer that streams its head, and itself for the rest. In the thread."""
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
            response.close()
            forget(response)


def _whole(response: HttpResponseBase) -> list[Part]:
    """Return the body of an answer that is there: what is small in one part, else in those that it was made of."""
    parts = [part for part in response if part]
    if sum(map(len, parts)) <= SMALL:
        parts = [b"".join(parts)]
    last = len(parts) - 1
    return [_body(part, more=location < last) for location, part in enumerate(parts)]


async def _stream(response: HttpResponseBase, send: ASGISendCallable, in_thread: InThread) -> None:
    """Send a body part by part; no thread waits until the client has taken one."""
    try:
        parts = iter(response)
        while (part := await in_thread(next, parts, None)) is not None:
            await send(_body(part, more=True))
        await send(_body(b"", more=False))
    finally:
        await in_thread(response.close)


async def _buffered(body: Body, scope: HTTPScope) -> Body:
    """Take a body that is small whole, and of a larger one its beginning: a thread never waits for somebody slow."""
    names = {name for name, _ in scope["headers"]}
    body._has_more = b"content-length" in names or b"transfer-encoding" in names
    while body._has_more and len(body.buffer) < SMALL:
        message: Part = await body.receive()
        body.buffer.extend(message.get("body", b""))
        body._has_more = message.get("more_body", False)
    return body


async def _part(receive: ASGIReceiveCallable) -> Part:
    """Return the next part of a body; raises `ConnectionResetError` and `TimeoutError`: then it broke off."""
    async with asyncio.timeout(STALLED_SECONDS):
        message = await receive()
    if message["type"] == "http.disconnect":
        raise ConnectionResetError
    return message


async def _reject(send: ASGISendCallable) -> None:
    """Answer somebody who began a body and sends no more of it."""
    await send(_head("408 Request Timeout", [("Content-Type", "application/json"), ("Connection", "close")]))
    await send(_body(b'{"success": false, "message": "The body did not come."}', more=False))


def _never_written(_content: bytes) -> None:
    """WSGI's old way to answer, which Django does not know."""


def _head(status: str, fields: list[tuple[str, str]]) -> Part:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    return {"type": "http.response.start", "status": int(status[:3]), "headers": headers}


def _body(content: bytes, *, more: bool) -> Part:
    return {"type": "http.response.body", "body": content, "more_body": more}
