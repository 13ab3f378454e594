"""Whether somebody is still at the other end of a transfer: a body that broke off is not a body that ended."""

import asyncio
import re
from threading import Event
from typing import cast

from asgiref.typing import ASGIReceiveCallable, ASGIReceiveEvent, HTTPScope

from user_workspaces.transfers.downloads import GONE

TRANSFERS = re.compile(
    r"/(workspaces|w)/[0-9]+/(files|tus|batch|upload|download|view|remove|environment)(/|$)"
    r"|/runs/[^/]+/download(/|$)|/api/workflows/[^/]+/workspace(/|$)",
    re.ASCII,
)
"""The paths of requests that carry files; the bodies of these are read while they arrive, also small ones."""
STALLED_SECONDS = 60.0
"""For which nothing of a body may come. A line that is dead says nothing, and its upload could not be resumed."""


class DisconnectWatcher:
    """One request; `scope` and `receive` are to be handed on in place of the server's own."""

    def __init__(self, scope: HTTPScope, receive: ASGIReceiveCallable) -> None:
        self.gone = Event()
        """Set when the client has gone away."""
        self.scope = cast("HTTPScope", {**scope, GONE: self.gone})
        self._receive = receive
        self._watch: asyncio.Task[None] | None = None
        headers = dict(scope["headers"])
        if b"transfer-encoding" not in headers and headers.get(b"content-length", b"0") == b"0":
            self._begin_to_watch()

    async def receive(self) -> ASGIReceiveEvent:
        """Return the next part of the body; raises `ConnectionResetError` and `TimeoutError` for those who left."""
        if self._watch is not None:
            return {"type": "http.request", "body": b"", "more_body": False}
        async with asyncio.timeout(STALLED_SECONDS):
            message = await self._receive()
        if message["type"] == "http.disconnect":
            self.gone.set()
            raise ConnectionResetError
        if message["type"] == "http.request" and not message["more_body"]:
            self._begin_to_watch()
        return message

    def close(self) -> None:
        """End the watch."""
        if self._watch is not None:
            self._watch.cancel()

    def _begin_to_watch(self) -> None:
        self._watch = asyncio.get_running_loop().create_task(self._until_gone())

    async def _until_gone(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone.set()
