"""Listens on the ports of sessions: opens a port when a session gets it, closes it some time after the session."""

import asyncio
import logging
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from user_workspaces.proxy.routing.routes import RouteTable

logger = logging.getLogger(__name__)

BACKLOG: Final = 128
KEPT_FOR: Final = 10.0
"""Seconds for which a port stays open without a route: the row is written and the route table read after `open`."""
KEPT_AFTER: Final = 600.0
"""Seconds for which a port stays open after its session, to show that the session has ended."""
OPENED_WITHIN: Final = 5.0
"""Seconds for which another thread waits for the event loop."""


@dataclass(slots=True)
class _Open:
    """One port."""

    listener: socket.socket
    kept_until: float
    server: asyncio.Server | None = None
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)


class SessionPortListeners:
    """The open ports. Use it only in the event loop, except `open`, which other threads call."""

    def __init__(
        self,
        *,
        host: str,
        ports: range,
        table: RouteTable,
        protocol: Callable[[], asyncio.Protocol],
        loop: asyncio.AbstractEventLoop,
        kept_after: float = KEPT_AFTER,
    ) -> None:
        self._kept_after = kept_after
        self._host, self._ports, self._table, self._protocol, self._loop = host, ports, table, protocol, loop
        self._open: dict[int, _Open] = {}
        self._refused: set[int] = set()
        table.on_replace(self.follow)

    def open(self, port: int) -> bool:
        """Listen on a port of the range; return whether that succeeded. Call it from other threads only."""
        done: Future[bool] = Future()
        self._loop.call_soon_threadsafe(lambda: done.set_result(self._listen(port, kept_for=KEPT_FOR)))
        # In the event loop's own thread, `result` would block the loop that has to provide it.
        return done.result(OPENED_WITHIN)

    def follow(self) -> None:
        """Listen on the ports in the table, and close ports that left it some time ago."""
        wanted = self._table.ports()
        for port in wanted:
            self._listen(port, kept_for=self._kept_after)
        now = time.monotonic()
        for port in [port for port, opened in self._open.items() if port not in wanted and opened.kept_until < now]:
            self._close(port)

    def close(self) -> None:
        """Close all ports; open connections continue."""
        for port in list(self._open):
            self._close(port)

    def _listen(self, port: int, *, kept_for: float) -> bool:
        kept_until = time.monotonic() + kept_for
        if port in self._open:
            self._open[port].kept_until = max(self._open[port].kept_until, kept_until)
            return True
        if port not in self._ports:
            return False
        try:
            listener = _bound(self._host, port)
        except OSError as error:
            # `follow` tries again after each poll: one warning for each port is enough.
            if port not in self._refused:
                logger.warning("session port %d cannot be opened: %s", port, error.strerror)
            self._refused.add(port)
            return False
        self._refused.discard(port)
        opened = self._open[port] = _Open(listener, kept_until)
        serving = self._loop.create_task(self._serve(opened))
        # The event loop keeps only weak references to tasks.
        opened.tasks.add(serving)
        serving.add_done_callback(opened.tasks.discard)
        return True

    async def _serve(self, opened: _Open) -> None:
        """Accept connections; until then they wait in the backlog."""
        server = await self._loop.create_server(self._protocol, sock=opened.listener, backlog=BACKLOG)
        opened.server = server

    def _close(self, port: int) -> None:
        opened = self._open.pop(port)
        for task in opened.tasks:
            task.cancel()
        if opened.server is not None:
            opened.server.close()
        # A cancelled `_serve` has not given the socket to a server, so it is closed in any case.
        opened.listener.close()


def _bound(host: str, port: int) -> socket.socket:
    """Return a listening socket. By `SO_REUSEPORT` processes of the same account may share the port, others may not."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Connections in TIME_WAIT from the last session would block the port otherwise.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
