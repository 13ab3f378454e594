"""Requests for the hub: uvicorn's own protocol serves them, one at a time, on a connection that stays ours."""

import asyncio
from typing import Any, Final, Protocol

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from user_workspaces.proxy.http1.parser import RequestHead

HELD_BY_APP: Final = 4
"""A reason for which the browser is not read."""
FROM_PROXY: Final = "user_workspaces.from_proxy"
"""Whether `X-Forwarded-*` are to be believed, in the `state` of a request's scope."""


class Browser(Protocol):
    """The connection to the browser, as the hub sees it."""

    transport: asyncio.Transport
    write_paused: bool
    from_proxy: bool

    def hold(self, reason: int) -> None:
        """Stop reading for this reason."""

    def release(self, reason: int) -> None:
        """Read again, unless there is another reason not to."""

    def response_done(self, *, keep_alive: bool) -> None:
        """The response was written to its end."""


class _AppTransport(asyncio.Transport):
    """What uvicorn takes for the connection: it may write, but neither reads nor closes on its own."""

    def __init__(self, browser: Browser) -> None:
        super().__init__()
        self._browser = browser
        self.closing = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.closing:
            self._browser.transport.write(data)

    def close(self) -> None:
        if not self.closing:
            self.closing = True
            self._browser.response_done(keep_alive=False)

    def abort(self) -> None:
        self.closing = True
        self._browser.transport.abort()

    def is_closing(self) -> bool:
        return self.closing or self._browser.transport.is_closing()

    def pause_reading(self) -> None:
        self._browser.hold(HELD_BY_APP)

    def resume_reading(self) -> None:
        self._browser.release(HELD_BY_APP)

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - the border of asyncio
        return self._browser.transport.get_extra_info(name, default)


class AppBridge(HttpToolsProtocol):
    """Serves the hub's requests of one connection. It is fed the bytes of one request, framed by us, then waits."""

    def __init__(
        self,
        browser: Browser,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        super().__init__(config, server_state, {**app_state, FROM_PROXY: browser.from_proxy}, loop)
        self._browser = browser
        self._facade = _AppTransport(browser)
        self._lost = False
        self.connection_made(self._facade)
        self.connections.discard(self)  # the connection is counted once, by its owner

    @property
    def started(self) -> bool:
        """Whether the browser got a byte of the response."""
        return self.cycle is not None and self.cycle.response_started

    def begin(self, head: RequestHead, received: bytes) -> None:
        """Take the head of a request, as it was received.

        The browser may have caught up with the answer before this one after that was over, and nobody was told.
        """
        if self._browser.write_paused:
            self.pause_writing()
        else:
            self.resume_writing()
        plain = b"upgrade" not in head.fields.first and b"upgrade" not in head.fields.connection
        self._consume(received if plain else _without_upgrade(head))

    def request_received(self, data: bytes) -> None:
        """Bytes of the request's body."""
        self._consume(data)

    def request_done(self) -> None:
        """The request's body is complete: uvicorn's parser saw it too."""

    def browser_lost(self) -> None:
        """The browser went away, or sent what cannot be understood."""
        if not self._lost:
            self._lost = True
            self.connection_lost(ConnectionResetError())

    def browser_full(self) -> None:
        """The browser reads slower than the application writes."""
        self.pause_writing()

    def browser_drained(self) -> None:
        """The browser may be sent to again."""
        self.resume_writing()

    def on_response_complete(self) -> None:
        """See `HttpToolsProtocol`: no time limit and no next request here, the connection's owner has them."""
        self.server_state.total_requests += 1
        if not (self._lost or self._facade.closing):
            self.flow.resume_reading()
            self._browser.response_done(keep_alive=True)

    def _consume(self, data: bytes) -> None:
        if not (self._lost or self._facade.closing):
            self.data_received(data)


def _without_upgrade(head: RequestHead) -> bytes:
    """Return a head that asks for no upgrade: uvicorn's parser would take the rest of the connection for it."""
    lines = [b"%s %s HTTP/1.%d" % (head.method, head.target, head.minor)]
    lines += [name + b": " + value for name, value in head.fields.pairs if name not in (b"upgrade", b"connection")]
    lines.append(b"connection: " + (b"keep-alive" if head.keep_alive else b"close"))
    return b"\r\n".join([*lines, b"", b""])
