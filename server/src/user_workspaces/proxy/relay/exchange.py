"""One request to a session and its response, or the WebSocket that it becomes."""

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

HELD_BY_SESSION: Final = 1
HELD_BY_CONNECT: Final = 2
"""Reasons for which the browser is not read."""


class Browser(Protocol):
    """The connection to the browser, as one request sees it."""

    transport: asyncio.Transport
    write_paused: bool

    def hold(self, reason: int) -> None:
        """Stop reading for this reason."""

    def release(self, reason: int) -> None:
        """Read again, unless there is another reason not to."""

    def response(self, status: int, text: str) -> None:
        """Answer in place of the session, and close."""

    def response_done(self, *, keep_alive: bool) -> None:
        """The response was written to its end."""

    def upgraded(self) -> None:
        """From now on every byte belongs to the WebSocket."""


class Exchange:
    """Relays one request. The browser's side frames the request's body, this one frames the response."""

    def __init__(
        self, browser: Browser, passthrough: ProxyState, *, route: Route, head: RequestHead, sender: Client
    ) -> None:
        self._browser = browser
        self._passthrough = passthrough
        self._route = route
        self._head = head
        self._unsent = [request_to_session(head, route=route, sender=sender)]
        self._request_done = not head.fields.has_body
        self._repeatable = self._request_done and head.method in _REPEATABLE and not head.websocket
        self._upstream: Upstream | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._buffer = b""
        self._body: Body | None = None
        self._keep_browser = head.keep_alive
        self._keep_upstream = False
        self._over = False
        self._raw = False
        self.started = False
        """Whether the browser got a byte of the final response."""

    def start(self) -> None:
        """Send the request. One that cannot be repeated never rides on a connection that may be stale."""
        self._passthrough.opened(self._route.job_id, self)
        idle = self._passthrough.pool.take(self._route.job_id) if self._repeatable else None
        if idle is None:
            self._connect()
        else:
            self._attach(idle)

    # From the browser

    def request_received(self, data: bytes) -> None:
        """Bytes of the request's body, or of the WebSocket."""
        if self._upstream is not None:
            self._upstream.transport.write(data)
        elif not self._over:
            self._unsent.append(data)

    def request_done(self) -> None:
        """The request's body is complete."""
        self._request_done = True

    def browser_lost(self) -> None:
        """The browser went away, or sent what cannot be understood."""
        upstream = self._leave()
        if upstream is not None:
            if self._raw:
                upstream.close()
            else:
                upstream.abort()

    def browser_full(self) -> None:
        """The browser reads slower than the session sends."""
        if self._upstream is not None:
            self._upstream.pause_reading()

    def browser_drained(self) -> None:
        """The browser may be sent to again."""
        if self._upstream is not None:
            self._upstream.resume_reading()

    def shutdown(self) -> None:
        """The server ends: a request may finish, a WebSocket is closed."""
        self._keep_browser = False
        if self._raw:
            self._browser.transport.close()

    # From the routes

    def cut(self) -> None:
        """End it at once, both sides."""
        upstream = self._leave()
        if upstream is not None:
            upstream.abort()
        self._browser.transport.abort()

    # From the session

    def upstream_full(self) -> None:
        """The session reads slower than the browser sends."""
        self._browser.hold(HELD_BY_SESSION)

    def upstream_drained(self) -> None:
        """The session may be sent to again."""
        self._browser.release(HELD_BY_SESSION)

    def response_received(self, data: bytes) -> None:
        """Bytes came from the session."""
        if self._raw:
            self._browser.transport.write(data)
        elif self._body is None:
            self._read_heads(self._buffer + data if self._buffer else data)
        else:
            self._read_body(self._body, data, 0)

    def upstream_lost(self, error: Exception | None) -> None:
        """The connection to the session ended."""
        self._upstream = None
        if isinstance(self._body, OpenBody) and error is None:
            self._finish(clean=False)
        elif self._raw and error is None:
            self._leave()
            self._browser.transport.close()
        elif self._unsent and not self._buffer:
            self._connect()
        else:
            self._fail(
                "The session broke off before it answered: try again in a moment.",
                status=HTTPStatus.SERVICE_UNAVAILABLE,
            )

    # The parts of it

    def _connect(self) -> None:
        self._browser.hold(HELD_BY_CONNECT)
        self._repeatable = False
        self._connecting = asyncio.get_running_loop().create_task(self._open_connection())

    async def _open_connection(self) -> None:
        try:
            upstream = await connect(self._route.endpoint, time_limit=self._passthrough.limits.connect)
        except PeerCheckFailed:
            self._fail("Another account listens on the session's socket.")
            return
        except OSError:
            self._fail(
                "The session does not answer. It may be starting or stopping: try again in a moment.",
                status=HTTPStatus.SERVICE_UNAVAILABLE,
            )
            return
        if self._over:
            upstream.abort()
        else:
            self._attach(upstream)
            self._browser.release(HELD_BY_CONNECT)

    def _attach(self, upstream: Upstream) -> None:
        self._upstream = upstream
        upstream.user = self
        if self._browser.write_paused:
            upstream.pause_reading()
        upstream.transport.write(self._unsent[0] if len(self._unsent) == 1 else b"".join(self._unsent))
        if not self._repeatable:
            self._unsent.clear()

    def _read_heads(self, data: bytes) -> None:
        """Read interim responses and the final one; what follows it is its body."""
        start = 0
        while True:
            head = parse_response(data, start)
            if isinstance(head, NeedMore):
                self._buffer = data[start:]
                return
            self._unsent.clear()
            if isinstance(head, Bad) or (head.status == _SWITCHING and not self._head.websocket):
                self._fail("The session's answer cannot be understood.")
                return
            start += head.length
            if head.status >= _FIRST_FINAL_STATUS or head.status == _SWITCHING:
                break
            if self._head.minor:
                self._browser.transport.write(self._for_browser(head, close=False))
        self._buffer = b""
        self._final(head, data, start)

    def _final(self, head: ResponseHead, data: bytes, start: int) -> None:
        if refuses_our_secret(head, route=self._route):
            self._fail("The session does not accept this server. Stop it and launch it again.")
            return
        if head.fields.chunked and not self._head.minor:
            self._fail("The session answers in a way that an HTTP/1.0 client does not understand.")
            return
        self._raw = head.status == _SWITCHING
        body = None if self._raw else response_body(head, method=self._head.method)
        self._keep_upstream = head.keep_alive and self._head.minor == 1
        self._keep_browser = self._keep_browser and not isinstance(body, OpenBody)
        self.started = True
        first = self._for_browser(head, close=not self._keep_browser)
        if body is not None and start < len(data):
            self._body = body
            self._read_body(body, data, start, first=first)
            return
        self._browser.transport.write(first)
        if self._raw:
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
        """Pass on what belongs to the body; `first` goes before it, in the same write: writes are what costs."""
        try:
            end = body.consume(data, start)
        except BadBody:
            self._fail("The session's answer cannot be understood.")
            return
        part = data if end - start == len(data) else data[start:end]
        self._browser.transport.write(first + part if first else part)
        if body.done:
            self._finish(clean=end == len(data))

    def _finish(self, *, clean: bool) -> None:
        """The response is complete; `clean`: nothing came behind it."""
        upstream = self._leave()
        if upstream is not None:
            if clean and self._keep_upstream and self._request_done:
                self._passthrough.pool.put(self._route.job_id, upstream)
            else:
                upstream.abort()
        self._browser.response_done(keep_alive=self._keep_browser)

    def _fail(self, text: str, *, status: int = HTTPStatus.BAD_GATEWAY) -> None:
        """End it with an error: 503 where the session may answer in a moment, which JupyterLab waits for."""
        if self._over:
            return
        upstream = self._leave()
        if upstream is not None:
            upstream.abort()
        if self.started:
            self._browser.transport.abort()
        else:
            self._browser.response(status, text)

    def _leave(self) -> Upstream | None:
        """Belong to nobody any more; return the connection to the session, which is the caller's to end."""
        self._over = True
        self._unsent.clear()
        self._passthrough.ended(self._route.job_id, self)
        upstream, self._upstream = self._upstream, None
        if upstream is not None:
            upstream.user = None
        return upstream
