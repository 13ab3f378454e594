"""One request to a session and its response, or the WebSocket that it is upgraded to."""

import asyncio
from http import HTTPStatus
from typing import Final, Protocol

from user_workspaces.proxy.http1.body import BadBody, Body, OpenBody, response_body
from user_workspaces.proxy.http1.parser import Bad, NeedMore, RequestHead, ResponseHead, parse_response
from user_workspaces.proxy.relay.rewrite import Client, refuses_our_secret, request_to_session, response_to_browser
from user_workspaces.proxy.relay.state import ProxyState
from user_workspaces.proxy.relay.upstream import PeerCheckFailed, Upstream, connect
from user_workspaces.proxy.routing.mount import prefix_of
from user_workspaces.proxy.routing.routes import Route

_REPEATABLE: Final = frozenset((b"GET", b"HEAD", b"OPTIONS"))
_SWITCHING: Final = 101
_FIRST_FINAL_STATUS: Final = 200

PAUSED_BY_SESSION: Final = 1
PAUSED_BY_CONNECT: Final = 2
"""Reasons to pause reading from the browser; bits."""


class Browser(Protocol):
    """The connection to the browser, as an exchange uses it."""

    transport: asyncio.Transport
    write_paused: bool

    def pause(self, reason: int) -> None:
        """Stop reading for this reason."""

    def resume(self, reason: int) -> None:
        """Resume reading, unless another reason is left."""

    def response(self, status: int, text: str) -> None:
        """Respond with an error in place of the session, and close."""

    def response_done(self, *, keep_alive: bool) -> None:
        """The response is complete."""

    def upgraded(self) -> None:
        """All further bytes belong to the WebSocket."""


class Exchange:
    """Relays one request. The caller frames the request's body, this class frames the response.

    Framing means to find the end of a body: the bytes between are relayed as they arrive.
    """

    def __init__(self, browser: Browser, state: ProxyState, *, route: Route, head: RequestHead, client: Client) -> None:
        self._browser = browser
        self._state = state
        self._route = route
        self._head = head
        self._unsent = [request_to_session(head, route=route, client=client)]
        self._request_done = not head.headers.has_body
        self._repeatable = self._request_done and head.method in _REPEATABLE and not head.websocket
        self._upstream: Upstream | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._buffer = b""
        self._body: Body | None = None
        self._keep_browser = head.keep_alive
        self._keep_upstream = False
        self._over = False
        self._upgraded = False
        self.started = False
        """True if a part of the final response was sent."""

    def start(self) -> None:
        """Send the request.

        An idle connection may be closed by the session at any moment, so it is used only for requests that are safe to
        repeat on a new connection.
        """
        self._state.opened(self._route.job_id, self)
        idle = self._state.pool.take(self._route.job_id) if self._repeatable else None
        if idle is None:
            self._connect()
        else:
            self._attach(idle)

    # From the browser

    def request_received(self, data: bytes) -> None:
        """Relay bytes of the request's body, or of the WebSocket."""
        if self._upstream is not None:
            self._upstream.transport.write(data)
        elif not self._over:
            self._unsent.append(data)

    def request_done(self) -> None:
        """The request's body is complete."""
        self._request_done = True

    def browser_lost(self) -> None:
        """The browser disconnected, or sent a malformed request."""
        upstream = self._leave()
        if upstream is not None:
            # `close` still sends buffered bytes, such as a close frame; the rest of a request is of no use any more.
            if self._upgraded:
                upstream.close()
            else:
                upstream.abort()

    def browser_full(self) -> None:
        """The browser reads slower than the session sends."""
        if self._upstream is not None:
            self._upstream.pause_reading()

    def browser_drained(self) -> None:
        """The browser reads again."""
        if self._upstream is not None:
            self._upstream.resume_reading()

    def shutdown(self) -> None:
        """The server stops: a request may finish, a WebSocket is closed."""
        self._keep_browser = False
        if self._upgraded:
            self._browser.transport.close()

    # From the routes

    def cut(self) -> None:
        """End both connections at once."""
        upstream = self._leave()
        if upstream is not None:
            upstream.abort()
        self._browser.transport.abort()

    # From the session

    def upstream_full(self) -> None:
        """The session reads slower than the browser sends."""
        self._browser.pause(PAUSED_BY_SESSION)

    def upstream_drained(self) -> None:
        """The session reads again."""
        self._browser.resume(PAUSED_BY_SESSION)

    def response_received(self, data: bytes) -> None:
        """Relay bytes of the session."""
        if self._upgraded:
            self._browser.transport.write(data)
        elif self._body is None:
            self._read_heads(self._buffer + data if self._buffer else data)
        else:
            self._read_body(self._body, data, 0)

    def upstream_lost(self, error: Exception | None) -> None:
        """The connection to the session ended."""
        self._upstream = None
        # Such a body ends with a clean close only; after an error it may be truncated.
        if isinstance(self._body, OpenBody) and error is None:
            self._finish(clean=False)
        elif self._upgraded and error is None:
            self._leave()
            self._browser.transport.close()
        elif self._unsent and not self._buffer:
            # Only a repeatable request on a pooled connection still has unsent bytes; it is repeated once.
            self._connect()
        else:
            self._fail(
                "The session closed the connection before it responded. Try again in a moment.",
                status=HTTPStatus.SERVICE_UNAVAILABLE,
            )

    # Implementation

    def _connect(self) -> None:
        self._browser.pause(PAUSED_BY_CONNECT)
        self._repeatable = False
        self._connecting = asyncio.get_running_loop().create_task(self._open_connection())

    async def _open_connection(self) -> None:
        try:
            upstream = await connect(self._route.endpoint, time_limit=self._state.limits.connect)
        except PeerCheckFailed:
            self._fail("Another account listens on the session's socket.")
            return
        except OSError:
            self._fail(
                "The session is not responding. It may be starting or stopping: try again in a moment.",
                status=HTTPStatus.SERVICE_UNAVAILABLE,
            )
            return
        if self._over:
            upstream.abort()
        else:
            self._attach(upstream)
            self._browser.resume(PAUSED_BY_CONNECT)

    def _attach(self, upstream: Upstream) -> None:
        self._upstream = upstream
        upstream.consumer = self
        if self._browser.write_paused:
            upstream.pause_reading()
        upstream.transport.write(self._unsent[0] if len(self._unsent) == 1 else b"".join(self._unsent))
        if not self._repeatable:
            self._unsent.clear()

    def _read_heads(self, data: bytes) -> None:
        """Parse interim responses and the head of the final one, whose body follows."""
        start = 0
        while True:
            head = parse_response(data, start)
            if isinstance(head, NeedMore):
                self._buffer = data[start:]
                return
            # The session has begun to respond: to repeat the request from now on could run it twice.
            self._unsent.clear()
            if isinstance(head, Bad) or (head.status == _SWITCHING and not self._head.websocket):
                self._fail("The session sent an invalid response.")
                return
            start += head.length
            if head.status >= _FIRST_FINAL_STATUS or head.status == _SWITCHING:
                break
            # Clients of HTTP/1.0 do not know interim responses.
            if self._head.minor:
                self._browser.transport.write(self._for_browser(head, close=False))
        self._buffer = b""
        self._final(head, data, start)

    def _final(self, head: ResponseHead, data: bytes, start: int) -> None:
        if refuses_our_secret(head, route=self._route):
            self._fail("The session rejects the credentials of this server. Stop it and launch it again.")
            return
        if head.headers.chunked and not self._head.minor:
            self._fail("The session's response is chunked, which HTTP/1.0 clients do not support.")
            return
        self._upgraded = head.status == _SWITCHING
        body = None if self._upgraded else response_body(head, method=self._head.method)
        self._keep_upstream = head.keep_alive and self._head.minor == 1
        self._keep_browser = self._keep_browser and not isinstance(body, OpenBody)
        self.started = True
        first = self._for_browser(head, close=not self._keep_browser)
        if body is not None and start < len(data):
            self._body = body
            self._read_body(body, data, start, first=first)
            return
        self._browser.transport.write(first)
        if self._upgraded:
            self._browser.upgraded()
            if start < len(data):
                self._browser.transport.write(data[start:])
        elif body is None:
            self._finish(clean=start == len(data))
        else:
            self._body = body

    def _for_browser(self, head: ResponseHead, *, close: bool) -> bytes:
        return response_to_browser(head, close=close, prefix=prefix_of(self._head, self._route), host=self._head.host)

    def _read_body(self, body: Body, data: bytes, start: int, *, first: bytes = b"") -> None:
        """Relay the bytes of the body; `first` is sent in the same write: a system call costs more than a copy."""
        try:
            end = body.consume(data, start)
        except BadBody:
            self._fail("The session sent an invalid response.")
            return
        part = data if end - start == len(data) else data[start:end]
        self._browser.transport.write(first + part if first else part)
        if body.done:
            self._finish(clean=end == len(data))

    def _finish(self, *, clean: bool) -> None:
        """The response is complete; `clean`: no bytes follow it, so the connection may be reused."""
        upstream = self._leave()
        if upstream is not None:
            if clean and self._keep_upstream and self._request_done:
                self._state.pool.put(self._route.job_id, upstream)
            else:
                upstream.abort()
        self._browser.response_done(keep_alive=self._keep_browser)

    def _fail(self, text: str, *, status: int = HTTPStatus.BAD_GATEWAY) -> None:
        """End with an error: 503 if the session may respond in a moment, which JupyterLab retries."""
        if self._over:
            return
        upstream = self._leave()
        if upstream is not None:
            upstream.abort()
        # The head was sent: only a cut connection shows the browser that the response is incomplete.
        if self.started:
            self._browser.transport.abort()
        else:
            self._browser.response(status, text)

    def _leave(self) -> Upstream | None:
        """Detach from both sides; return the connection to the session for the caller to end."""
        self._over = True
        self._unsent.clear()
        self._state.ended(self._route.job_id, self)
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.consumer = None
        return upstream
