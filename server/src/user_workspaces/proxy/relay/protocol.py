"""The protocol class for uvicorn: frames and checks every request, and sends it to its session or to the hub."""

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

_MAX_HELD: Final = 65_536
"""Bytes of requests sent ahead, after which the browser is not read until their turn comes."""
_HELD_BY_PIPELINE: Final = 8
"""A reason for which the browser is not read."""


class _Phase(Enum):
    HEAD = auto()
    """Waiting for a request, or in the middle of its head."""
    BODY = auto()
    """A request is being served, and its body is still coming."""
    ANSWER = auto()
    """A request is being served, and all of it is here."""
    RAW = auto()
    """A WebSocket."""


_HEAD, _BODY, _ANSWER, _RAW = _Phase  # a member of an enumeration, looked up in its class, costs as much as a call


class RelayProtocol(BrowserConnection):
    """One connection of a browser; made by uvicorn. `relay_protocol` binds it to its `Passthrough`."""

    passthrough: ClassVar[ProxyState]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        super().__init__(_loop or asyncio.get_running_loop(), self.passthrough)
        self._config, self._state, self._app_state = config, server_state, app_state
        self._phase = _HEAD
        self._in_head = False
        self._held = b""
        self._body: Body | None = None
        self._hub: AppBridge | None = None
        self._current: Exchange | AppBridge | None = None
        self._answered = False
        self._keep_alive = True
        self._with_body = True
        self._ending = False

    # From the event loop and from uvicorn

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        super().connection_made(transport)
        self._state.connections.add(self)  # type: ignore[arg-type] # the set is declared for uvicorn's own classes

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        super().connection_lost(exc)
        self._state.connections.discard(self)
        self._give_up()

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self._phase is _RAW and self._current is not None:
            self._current.request_received(data)
        elif not self.said_all:
            self._advance(self._held + data if self._held else data)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self.write_paused = True
        if not self.counted_known:
            self._connections.waits(self)
        if self._current is not None:
            self._current.browser_full()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self.write_paused = False
        if not self.counted_known and self._phase is _ANSWER:
            self._connections.serves(self)
        if self._current is not None:
            self._current.browser_drained()

    def expired(self) -> None:
        """See `BrowserConnection`."""
        if self._in_head:
            self.response(408, "The head of the request did not come in time.")
        else:
            super().expired()

    def shutdown(self) -> None:
        """Called by uvicorn when the server ends: what runs may finish, nothing new begins."""
        self._ending = True
        self.passthrough.close()
        if self._current is None:
            self.transport.close()
        else:
            self._current.shutdown()

    @property
    def idle_since(self) -> float | None:
        """See `connection_limits.Connection`."""
        return self._deadline.at if self._phase is _HEAD else None

    # From whoever serves the request

    def response(self, status: int, text: str) -> None:
        """Answer in place of the one who serves, and close."""
        self._give_up()
        self._in_head = False
        self.send_final(status, text, with_body=self._with_body)

    def response_done(self, *, keep_alive: bool) -> None:
        """The response was written to its end; the request's body may still be coming."""
        self._answered = True
        self._keep_alive = keep_alive and not self._ending
        if self._phase is _ANSWER:
            self._next()
        else:
            self._deadline.expire_in(self._limits.linger)
            self.release(~0)

    def upgraded(self) -> None:
        """From now on every byte belongs to the WebSocket."""
        self._phase = _RAW
        held, self._held = self._held, b""
        self.release(_HELD_BY_PIPELINE)
        if held:
            self.data_received(held)

    # One request after the other

    def _advance(self, data: bytes) -> None:
        """Take as much of `data` as can be taken now, and hold the rest."""
        self._held = b""
        start, size = 0, len(data)
        while start < size and self._phase in (_HEAD, _BODY) and self._goes_on():
            if self._phase is _BODY:
                start = self._take_body(data, start)
                continue
            taken = self._take_head(data, start)
            if not taken:
                break
            start += taken
        if start < size and self._goes_on():
            self._held = data[start:]
            if self._phase is _ANSWER and len(self._held) > _MAX_HELD:
                self.hold(_HELD_BY_PIPELINE)

    def _goes_on(self) -> bool:
        return not (self.said_all or self.transport.is_closing())

    def _take_head(self, data: bytes, start: int) -> int:
        """Return the size of the head that begins here; 0: it is not complete, or refused."""
        head = parse_request(data, start)
        if isinstance(head, NeedMore):
            if not self._in_head:
                self._in_head = True
                self._deadline.expire_in(self._limits.head)
            return 0
        if isinstance(head, Bad):
            self._with_body = True
            self.response(head.status, head.reason)
            return 0
        self._in_head = self._answered = False
        self._with_body = head.method != b"HEAD"
        self._deadline.clear()
        self._body = request_body(head)
        self._phase = _ANSWER if self._body is None else _BODY
        if not self.counted_known:
            self._note_phase()
        self._serve(head, data, start)
        return head.length

    def _take_body(self, data: bytes, start: int) -> int:
        """Pass on what belongs to the request's body; return where it ends."""
        body, current = cast("Body", self._body), cast("Exchange | AppBridge", self._current)
        try:
            end = body.consume(data, start)
        except BadBody as error:
            self._reject_body(current, str(error))
            return len(data)
        current.request_received(data if end - start == len(data) else data[start:end])
        if body.done and self._phase is _BODY:
            self._phase = _ANSWER
            if not self.counted_known:
                self._note_phase()
            current.request_done()
            if self._answered:
                self._next()
        return end

    def _reject_body(self, current: Exchange | AppBridge, reason: str) -> None:
        if current.started:
            self._give_up()
            self.transport.abort()
        else:
            self.response(400, reason)

    def _next(self) -> None:
        self._current = None
        if not self._keep_alive:
            self.transport.close()
            return
        self._phase = _HEAD
        if not self.counted_known:
            self._note_phase()
        self._deadline.expire_in(self._limits.idle)
        self.release(~0)
        if self._held:
            self._advance(self._held)

    def _note_phase(self) -> None:
        """Have an anonymous connection counted by who has to act next."""
        if self._phase is _ANSWER:
            self._connections.serves(self)
        else:
            self._connections.waits(self)

    def _give_up(self) -> None:
        current, self._current = self._current, None
        if current is not None:
            current.browser_lost()

    # Who serves it

    def _serve(self, head: RequestHead, data: bytes, start: int) -> None:
        decision = self.passthrough.decide(head, port=self.port)
        if isinstance(decision, Relay):
            self._relay(head, decision.route)
        elif isinstance(decision, Reject):
            self.response(decision.status, decision.text)
        elif head.websocket and self._config.ws_protocol_class is not None:
            self._leave_to_uvicorn(data[start:])
        else:
            if self._hub is None:
                self._hub = AppBridge(self, self._config, self._state, self._app_state, self._loop)
            self._current = self._hub
            received = data[start : start + head.length]
            if self.known:
                self._hub.begin(head, received)
                return
            with bind_context(on_person=self.recognise):
                self._hub.begin(head, received)

    def _relay(self, head: RequestHead, route: Route) -> None:
        if not self.known:
            self.recognise()
            self._connections.waits(self)
        sender = self.peer
        if self.from_proxy:
            shared = self.passthrough
            sender = client_of(head, peer=sender, proxies=shared.trusted_proxies, public_scheme=shared.public_scheme)
        exchange = Exchange(self, self.passthrough, route=route, head=head, sender=sender)
        self._current = exchange
        exchange.start()

    def _leave_to_uvicorn(self, data: bytes) -> None:
        """Give the whole connection to uvicorn, for a WebSocket of the hub's own: no request comes after it."""
        self._deadline.stop()
        self._state.connections.discard(self)
        self.said_all = True
        self._phase = _RAW
        self._connections.serves(self)
        if self.write_paused:
            self.transport.abort()  # its protocols take a connection that can be written to for granted
            return
        self.release(~0)
        successor = HttpToolsProtocol(self._config, self._state, self._app_state, self._loop)
        with bind_context(on_person=self.recognise):
            HandedOver(self.transport, lost=partial(self._connections.leave, self)).begin(successor, data)


def relay_protocol(passthrough: ProxyState) -> type[RelayProtocol]:
    """Return the class to give to uvicorn: `uvicorn.Config(app, http=relay_protocol(passthrough))`."""
    return type("BoundRelayProtocol", (RelayProtocol,), {"passthrough": passthrough})
