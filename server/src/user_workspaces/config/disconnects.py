"""Detects client disconnects, so that a truncated body is never taken for a complete one."""

import asyncio
from threading import Event
from typing import cast

from asgiref.typing import ASGIReceiveCallable, ASGIReceiveEvent, HTTPScope

from user_workspaces.transfers.downloads import GONE

STALLED_SECONDS = 60.0
"""Longest gap in a body. TCP does not report a dead connection, and would keep its upload from being resumed."""


class DisconnectWatcher:
    """Watches one request: pass its `scope` and `receive` to the application in place of the server's."""

    def __init__(self, scope: HTTPScope, receive: ASGIReceiveCallable) -> None:
        self.gone = Event()
        """Set when the client has disconnected."""
        self.scope = cast("HTTPScope", {**scope, GONE: self.gone})
        self._receive = receive
        self._watch_task: asyncio.Task[None] | None = None
        headers = dict(scope["headers"])
        # Such a request has no body: the only news can be the disconnect.
        if b"transfer-encoding" not in headers and headers.get(b"content-length", b"0") == b"0":
            self._start_watching()

    async def receive(self) -> ASGIReceiveEvent:
        """Return the next part of the body; raises `ConnectionResetError` or `TimeoutError` if the client is gone."""
        # The task reads the events of the server now: a second reader would take the disconnect from it.
        if self._watch_task is not None:
            return {"type": "http.request", "body": b"", "more_body": False}
        async with asyncio.timeout(STALLED_SECONDS):
            message = await self._receive()
        if message["type"] == "http.disconnect":
            self.gone.set()
            raise ConnectionResetError
        if message["type"] == "http.request" and not message["more_body"]:
            self._start_watching()
        return message

    def close(self) -> None:
        """Stop watching."""
        if self._watch_task is not None:
            self._watch_task.cancel()

    def _start_watching(self) -> None:
        self._watch_task = asyncio.get_running_loop().create_task(self._wait_for_disconnect())

    async def _wait_for_disconnect(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone.set()
