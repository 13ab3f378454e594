"""The WebSocket application: checks the handshake, then sends each change until one side closes."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, WebSocketScope
from django.db import close_old_connections, connections
from django.db.utils import Error
from django.utils import timezone

from user_workspaces.db.errors import translated
from user_workspaces.errors import DiskFull, TemporarilyUnavailable
from user_workspaces.observability.correlation import bind_user
from user_workspaces.websocket.errors import HandshakeRejected
from user_workspaces.websocket.handshake import Handshake, read_handshake
from user_workspaces.websocket.poller import Poller
from user_workspaces.websocket.subscribers import GOING_AWAY, TOO_MUCH_SAID, Subscribers, TopicSubscriber
from user_workspaces.websocket.subscriptions import Subscriber, subscribe

THREADS = 2
"""For handshakes; each keeps its connection to the database."""
GOODBYE_SECONDS = 1.0
UNAUTHORIZED = 401


class LiveApplication:
    """The application of one process. Use it only in the event loop."""

    def __init__(self) -> None:
        self.watchers = Subscribers()
        self._poller: Poller | None = None
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="live-handshake")

    async def __call__(self, scope: WebSocketScope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Serve one WebSocket."""
        # The first event is always `websocket.connect`, and has no content.
        await receive()
        try:
            handshake = _read(scope)
            loop = asyncio.get_running_loop()
            watcher = TopicSubscriber(await loop.run_in_executor(self._threads, _admit, handshake))
            # The limits are checked before the WebSocket is accepted: the client still gets an HTTP status.
            self.watchers.add(watcher)
            bind_user(watcher.grant.user_id)
        except HandshakeRejected as refused:
            await _reject(send, refused)
            return
        try:
            await send({"type": "websocket.accept", "subprotocol": handshake.subprotocol, "headers": []})
            self._follow().wake()
            await _attend(watcher, receive, send)
        finally:
            self.watchers.remove(watcher)

    def _follow(self) -> Poller:
        if self._poller is None:
            self._poller = Poller(self.watchers, asyncio.get_running_loop().call_soon_threadsafe)
        return self._poller

    async def stop(self) -> None:
        """Stop threads and close connections; called when the server stops."""
        self.watchers.close_all(GOING_AWAY)
        if self._poller is not None:
            await asyncio.to_thread(self._poller.stop)
        # Connections of Django belong to threads, so the threads of the pool have to close them.
        for _ in range(THREADS):
            self._threads.submit(connections.close_all)
        self._threads.shutdown(wait=False)


def _read(scope: WebSocketScope) -> Handshake:
    """Parse the handshake, and remove the query from the scope: servers log the URL of a WebSocket."""
    try:
        return read_handshake(scope)
    finally:
        scope["query_string"] = b""


def _admit(handshake: Handshake) -> Subscriber:
    # Django does this at requests only: without it, a connection that the database has dropped would be used again.
    close_old_connections()
    try:
        return subscribe(handshake, now=timezone.now())
    except Error as error:
        known = translated(error)
        if isinstance(known, DiskFull):
            raise HandshakeRejected(507, known.message) from None
        retry_after = TemporarilyUnavailable.retry_after
        raise HandshakeRejected(
            503, "The database does not respond. Try again later.", retry_after=retry_after
        ) from None


async def _reject(send: ASGISendCallable, refused: HandshakeRejected) -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
    if refused.retry_after is not None:
        headers.append((b"retry-after", b"%d" % refused.retry_after))
    if refused.status == UNAUTHORIZED:
        headers.append((b"www-authenticate", b'Token realm="user workspaces"'))
    body = orjson.dumps({"success": False, "message": refused.message})
    await send({"type": "websocket.http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body, "more_body": False})


async def _attend(watcher: TopicSubscriber, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """Send updates until the client disconnects or the server closes."""
    tasks = [asyncio.create_task(work) for work in (_send_updates(watcher, send), _listen(watcher, receive))]
    futures: list[asyncio.Future[Any]] = [*tasks, watcher.closing]
    try:
        await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        # A cancelled task ends only when it runs again: until then it must not send beside `_close`.
        ended = await asyncio.gather(*tasks, return_exceptions=True)
    for result in ended:
        if isinstance(result, Exception) and not isinstance(result, OSError):  # an OSError: the client went
            raise result
    if watcher.closing.done():
        await _close(watcher.closing.result(), send)


async def _send_updates(watcher: TopicSubscriber, send: ASGISendCallable) -> None:
    while True:
        text = await watcher.next_message()
        await send({"type": "websocket.send", "bytes": None, "text": text})


async def _listen(watcher: TopicSubscriber, receive: ASGIReceiveCallable) -> None:
    """Discard and count messages of the client, which has nothing to send."""
    while (await receive())["type"] == "websocket.receive":
        watcher.heard += 1


async def _close(code: int, send: ASGISendCallable) -> None:
    """Send the close frame; a client that does not read is disconnected without it."""
    reason = "too many messages" if code == TOO_MUCH_SAID else None
    try:
        async with asyncio.timeout(GOODBYE_SECONDS):
            await send({"type": "websocket.close", "code": code, "reason": reason})
    except (TimeoutError, OSError):
        pass
