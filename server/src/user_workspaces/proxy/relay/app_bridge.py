"""Bridges requests for the Django application to uvicorn's HTTP protocol, one at a time.

The proxy keeps the connection: uvicorn gets a facade of the transport, which neither reads nor closes.
"""

import asyncio
from typing import Any, Final, Protocol

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from user_workspaces.proxy.http1.parser import RequestHead

PAUSED_BY_APP: Final = 4
"""A reason to pause reading from the browser; a bit."""
FROM_PROXY: Final = "user_workspaces.from_proxy"
"""Key in the `state` of a scope: True if a trusted proxy set `X-Forwarded-*`."""


class Browser(Protocol):
    """The connection to the browser, as the bridge uses it."""

    transport: asyncio.Transport
    write_paused: bool
    from_proxy: bool

    def pause(self, reason: int) -> None:
        """Stop reading for this reason."""

    def resume(self, reason: int) -> None:
        """Resume reading, unless another reason is left."""

    def response_done(self, *, keep_alive: bool) -> None:
        """The response is complete."""


class _AppTransport(asyncio.Transport):
    """The transport that uvicorn gets: `write` passes through, closing only ends the response."""

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
        self._browser.pause(PAUSED_BY_APP)

    def resume_reading(self) -> None:
        self._browser.resume(PAUSED_BY_APP)

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as in asyncio
        return self._browser.transport.get_extra_info(name, default)


class AppBridge(HttpToolsProtocol):
    """Serves the application's requests of one connection. It gets the bytes of one request at a time."""

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
        self.connections.discard(self)  # uvicorn counts the proxy's connection instead

    @property
    def started(self) -> bool:
        """True if a part of the response was sent."""
        return self.cycle is not None and self.cycle.response_started

    def begin(self, head: RequestHead, received: bytes) -> None:
        """Start a request with its head as received.

        Updates the flow control first: the buffer of the previous response may have drained without a notification.
        """
        if self._browser.write_paused:
            self.pause_writing()
        else:
            self.resume_writing()
        plain = b"upgrade" not in head.headers.first and b"upgrade" not in head.headers.connection
        self._consume(received if plain else _without_upgrade(head))

    def request_received(self, data: bytes) -> None:
        """Pass on bytes of the request's body."""
        self._consume(data)

    def request_done(self) -> None:
        """No-op: uvicorn's parser finds the end of the body by itself."""

    def browser_lost(self) -> None:
        """The browser disconnected, or sent a malformed request."""
        if not self._lost:
            self._lost = True
            # Without an error, uvicorn would also close the transport, which ends the response for this bridge.
            self.connection_lost(ConnectionResetError())

    def browser_full(self) -> None:
        """The browser reads slower than the application writes."""
        self.pause_writing()

    def browser_drained(self) -> None:
        """The browser reads again."""
        self.resume_writing()

    def on_response_complete(self) -> None:
        """See `HttpToolsProtocol`; keep-alive timeouts and pipelining are left to the proxy."""
        self.server_state.total_requests += 1
        if not (self._lost or self._facade.closing):
            # An application that did not read the whole body leaves the connection paused.
            self.flow.resume_reading()
            self._browser.response_done(keep_alive=True)

    def _consume(self, data: bytes) -> None:
        if not (self._lost or self._facade.closing):
            self.data_received(data)


def _without_upgrade(head: RequestHead) -> bytes:
    """Return the head without an upgrade, after which uvicorn's parser would stop parsing the connection."""
    lines = [b"%s %s HTTP/1.%d" % (head.method, head.target, head.minor)]
    lines += [name + b": " + value for name, value in head.headers.pairs if name not in (b"upgrade", b"connection")]
    lines.append(b"connection: " + (b"keep-alive" if head.keep_alive else b"close"))
    return b"\r\n".join([*lines, b"", b""])
