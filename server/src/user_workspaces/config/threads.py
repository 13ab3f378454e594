"""Django on a fixed pool of threads behind ASGI, where an answer that is whole crosses to the event loop at once.

a2wsgi hands over the head, each part of the body and the end one by one, and its thread waits each time until the event
loop has taken it: for most of our answers that costs more than the view. What streams still goes part by part.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any

from a2wsgi.wsgi import Body, build_environ
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, HTTPScope
from django.http import HttpResponseBase

Part = Any
"""A message of ASGI."""
HandOver = Callable[[Part], None]
Django = Callable[[Any, Any], HttpResponseBase]
"""As WSGI calls it; Django's own answers tell whether they stream."""


class ThreadedDjango:
    """An ASGI application for HTTP alone; `threads` requests are answered at once, the others wait for their turn."""

    def __init__(self, django: Django, *, threads: int) -> None:
        self._django = django
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="django")

    async def __call__(self, scope: HTTPScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer one request."""
        loop = asyncio.get_running_loop()
        environ = build_environ(scope, await _begun(Body(loop, receive), scope))  # type: ignore[arg-type]  # a2wsgi has its own names for ASGI's types
        hand_over = partial(_hand_over, loop, send)
        for part in await loop.run_in_executor(self._pool, copy_context().run, self._answer, environ, hand_over):
            await send(part)

    def _answer(self, environ: Any, hand_over: HandOver) -> list[Part]:  # noqa: ANN401  as WSGI has it
        """Return what is left to be sent: of a whole answer everything, of one that streamed the end. In the thread."""
        head: list[Part] = []

        def start(status: str, fields: list[tuple[str, str]], _exc_info: object = None, /) -> Callable[[bytes], None]:
            head.append(_head(status, fields))
            return _never_written

        answer = self._django(environ, start)
        try:
            if not answer.streaming:
                return [*head, _body(b"".join(answer), more=False)]
            hand_over(head[0])
            for chunk in answer:
                hand_over(_body(chunk, more=True))
            return [_body(b"", more=False)]
        finally:
            answer.close()


async def _begun(body: Body, scope: HTTPScope) -> Body:
    """Take what came with the head, so that the thread need not ask for it; somebody slow keeps no thread waiting."""
    names = {name for name, _ in scope["headers"]}
    if b"content-length" in names or b"transfer-encoding" in names:
        message: Part = await body.receive()
        body.buffer.extend(message.get("body", b""))
        body._has_more = message.get("more_body", False)
    else:
        body._has_more = False
    return body


def _hand_over(loop: asyncio.AbstractEventLoop, send: ASGISendCallable, part: ASGISendEvent) -> None:
    """Wait until the client has taken enough of it. In the thread."""
    asyncio.run_coroutine_threadsafe(_send(send, part), loop).result()


async def _send(send: ASGISendCallable, part: ASGISendEvent) -> None:
    await send(part)


def _never_written(_content: bytes) -> None:
    """WSGI's old way to answer, which Django does not know."""


def _head(status: str, fields: list[tuple[str, str]]) -> Part:
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    return {"type": "http.response.start", "status": int(status[:3]), "headers": headers}


def _body(content: bytes, *, more: bool) -> Part:
    return {"type": "http.response.body", "body": content, "more_body": more}
