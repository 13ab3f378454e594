"""The HTTP protocol class for uvicorn: frames and checks each request, then relays it to its session or the app."""

import asyncio
from enum import Enum, auto
from functools import partial
from typing import Any, ClassVar, Final, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from user_workspaces.observability.correlation import bind_context
from user_workspaces.proxy.http1.body import BadBody, Body, request_body
from user_workspaces.proxy.http1.parser import Bad, NeedMore, RequestHead, parse_request
from user_workspaces.proxy.relay.app_bridge import AppBridge
from user_workspaces.proxy.relay.connection import BrowserConnection
from user_workspaces.proxy.relay.exchange import Exchange
from user_workspaces.proxy.relay.handover import HandedOver
from user_workspaces.proxy.relay.rewrite import client_of
from user_workspaces.proxy.relay.state import ProxyState
from user_workspaces.proxy.routing.routes import Reject, Relay, Route

_MAX_PIPELINED: Final = 65_536
"""Bytes of pipelined requests after which reading from the browser is paused."""
_PAUSED_BY_PIPELINE: Final = 8
"""A reason to pause reading from the browser; a bit."""


class _Phase(Enum):
    HEAD = auto()
    """Waiting for a request or the rest of its head."""
    BODY = auto()
    """Receiving the body of the current request."""
    RESPONSE = auto()
    """The current request is complete, its response is not."""
    WEBSOCKET = auto()
    """A WebSocket."""


_HEAD, _BODY, _RESPONSE, _WEBSOCKET = _Phase  # faster than the attribute lookup `_Phase.HEAD` in each call


class RelayProtocol(BrowserConnection):
    """One connection of a browser, created by uvicorn. `relay_protocol` binds the class to its `ProxyState`."""

    state: ClassVar[ProxyState]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        super().__init__(_loop or asyncio.get_running_loop(), self.state)
        self._config, self._server_state, self._app_state = config, server_state, app_state
        self._phase = _HEAD
        self._in_head = False
        self._pending = b""
        self._body: Body | None = None
        self._app: AppBridge | None = None
        self._current: Exchange | AppBridge | None = None
        self._responded = False
        self._keep_alive = True
        self._sends_body = True
        self._is_stopping = False

    # Called by the event loop and by uvicorn

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._server_state.connections.add(self)  # type: ignore[arg-type] # the set is declared for uvicorn's own classes

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        super().connection_lost(exc)
        self._server_state.connections.discard(self)
        self._abandon()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._phase is _WEBSOCKET and self._current is not None:
            self._current.request_received(data)
        elif not self.is_finished:
            self._advance(self._pending + data if self._pending else data)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self.write_paused = True
        if not self.counted_authenticated:
            self._connections.waits(self)
        if self._current is not None:
            self._current.browser_full()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self.write_paused = False
        if not self.counted_authenticated and self._phase is _RESPONSE:
            self._connections.serves(self)
        if self._current is not None:
            self._current.browser_drained()

    def expired(self) -> None:
        """See `BrowserConnection`."""
        if self._in_head:
            self.response(408, "The request head was not complete in time.")
        else:
            super().expired()

    def shutdown(self) -> None:
        """Called by uvicorn when the server stops: the current request may finish, no new one starts."""
        self._is_stopping = True
        self.state.close()
        if self._current is None:
            self.transport.close()
        else:
            self._current.shutdown()

    @property
    def idle_since(self) -> float | None:
        """See `connection_limits.Connection`."""
        return self._deadline.at if self._phase is _HEAD else None

    # Called by the exchange or the bridge

    def response(self, status: int, text: str) -> None:
        """Respond with an error and close."""
        self._abandon()
        self._in_head = False
        self.send_final(status, text, with_body=self._sends_body)

    def response_done(self, *, keep_alive: bool) -> None:
        """The response is complete; the request's body may be incomplete."""
        self._responded = True
        self._keep_alive = keep_alive and not self._is_stopping
        if self._phase is _RESPONSE:
            self._finish_request()
        else:
            self._deadline.expire_in(self._limits.linger)
            self.resume(~0)  # the rest of the body has to be read, whatever paused it

    def upgraded(self) -> None:
        """All further bytes belong to the WebSocket."""
        self._phase = _WEBSOCKET
        pending, self._pending = self._pending, b""
        self.resume(_PAUSED_BY_PIPELINE)
        if pending:
            self.data_received(pending)

    # Framing

    def _advance(self, data: bytes) -> None:
        """Process as much of `data` as possible now, and keep the rest."""
        self._pending = b""
        start, size = 0, len(data)
        while start < size and self._phase in (_HEAD, _BODY) and self._is_open():
            if self._phase is _BODY:
                start = self._process_body(data, start)
                continue
            taken = self._process_head(data, start)
            if not taken:
                break
            start += taken
        if start < size and self._is_open():
            self._pending = data[start:]
            if self._phase is _RESPONSE and len(self._pending) > _MAX_PIPELINED:
                self.pause(_PAUSED_BY_PIPELINE)

    def _is_open(self) -> bool:
        return not (self.is_finished or self.transport.is_closing())

    def _process_head(self, data: bytes, start: int) -> int:
        """Process a head; return its size in bytes, or 0 if it is incomplete or rejected."""
        head = parse_request(data, start)
        if isinstance(head, NeedMore):
            if not self._in_head:
                self._in_head = True
                self._deadline.expire_in(self._limits.head)
            return 0
        if isinstance(head, Bad):
            self._sends_body = True  # an earlier HEAD does not count
            self.response(head.status, head.reason)
            return 0
        self._in_head = self._responded = False
        self._sends_body = head.method != b"HEAD"
        self._deadline.clear()
        self._body = request_body(head)
        self._phase = _RESPONSE if self._body is None else _BODY
        if not self.counted_authenticated:
            self._note_phase()
        self._dispatch(head, data, start)
        return head.length

    def _process_body(self, data: bytes, start: int) -> int:
        """Pass on bytes of the request's body; return the index after them."""
        body, current = cast("Body", self._body), cast("Exchange | AppBridge", self._current)
        try:
            end = body.consume(data, start)
        except BadBody as error:
            self._reject_body(current, str(error))
            return len(data)
        current.request_received(data if end - start == len(data) else data[start:end])
        if body.done and self._phase is _BODY:
            self._phase = _RESPONSE
            if not self.counted_authenticated:
                self._note_phase()
            current.request_done()
            if self._responded:
                self._finish_request()
        return end

    def _reject_body(self, current: Exchange | AppBridge, reason: str) -> None:
        if current.started:
            self._abandon()
            self.transport.abort()  # an error would be sent in the middle of the response
        else:
            self.response(400, reason)

    def _finish_request(self) -> None:
        self._current = None
        if not self._keep_alive:
            self.transport.close()
            return
        self._phase = _HEAD
        if not self.counted_authenticated:
            self._note_phase()
        self._deadline.expire_in(self._limits.idle)
        self.resume(~0)
        if self._pending:
            self._advance(self._pending)

    def _note_phase(self) -> None:
        """Count an anonymous connection by the side that has to act next."""
        if self._phase is _RESPONSE:
            self._connections.serves(self)
        else:
            self._connections.waits(self)

    def _abandon(self) -> None:
        current, self._current = self._current, None
        if current is not None:
            current.browser_lost()

    # Dispatch

    def _dispatch(self, head: RequestHead, data: bytes, start: int) -> None:
        decision = self.state.decide(head, port=self.port)
        if isinstance(decision, Relay):
            self._relay(head, decision.route)
        elif isinstance(decision, Reject):
            self.response(decision.status, decision.text)
        elif head.websocket and self._config.ws_protocol_class is not None:
            self._hand_over_to_uvicorn(data[start:])
        else:
            if self._app is None:
                self._app = AppBridge(self, self._config, self._server_state, self._app_state, self._loop)
            self._current = self._app
            received = data[start : start + head.length]
            if self.authenticated:
                self._app.begin(head, received)
                return
            with bind_context(on_user=self.note_authenticated):
                self._app.begin(head, received)

    def _relay(self, head: RequestHead, route: Route) -> None:
        if not self.authenticated:
            self.note_authenticated()
            self._connections.waits(self)  # this counts it as authenticated from now on
        client = self.peer
        if self.from_proxy:
            shared = self.state
            client = client_of(head, peer=client, proxies=shared.trusted_proxies, public_scheme=shared.public_scheme)
        exchange = Exchange(self, self.state, route=route, head=head, client=client)
        self._current = exchange
        exchange.start()

    def _hand_over_to_uvicorn(self, data: bytes) -> None:
        """Hand the whole connection over to uvicorn, for a WebSocket of the app: no request can follow it."""
        self._deadline.stop()
        self._server_state.connections.discard(self)
        self.is_finished = True
        self._phase = _WEBSOCKET
        self._connections.serves(self)
        if self.write_paused:
            self.transport.abort()  # uvicorn's protocols assume that a new connection is writable
            return
        self.resume(~0)
        successor = HttpToolsProtocol(self._config, self._server_state, self._app_state, self._loop)
        with bind_context(on_user=self.note_authenticated):
            HandedOver(self.transport, lost=partial(self._connections.leave, self)).begin(successor, data)


def relay_protocol(state: ProxyState) -> type[RelayProtocol]:
    """Return the class for uvicorn: `uvicorn.Config(app, http=relay_protocol(state))`."""
    return type("BoundRelayProtocol", (RelayProtocol,), {"state": state})
