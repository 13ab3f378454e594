"""The connection to a browser: flow control, timeouts and closing."""

import asyncio
from typing import cast

from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl

from user_workspaces.client_address import network_of
from user_workspaces.proxy.relay.deadline import Deadline
from user_workspaces.proxy.relay.peer_account import may_be_proxy
from user_workspaces.proxy.relay.responses import response
from user_workspaces.proxy.relay.rewrite import Client
from user_workspaces.proxy.relay.state import ProxyState
from user_workspaces.proxy.relay.upstream import HIGH_WATER


class BrowserConnection(asyncio.Protocol):
    """The part of a connection that does not depend on its requests."""

    def __init__(self, loop: asyncio.AbstractEventLoop, state: ProxyState) -> None:
        self.transport: asyncio.Transport
        self.peer: Client
        """The other end of the connection; its address is empty on a Unix socket."""
        self.from_proxy = False
        """True if the other end is a trusted proxy."""
        self.authenticated = self.counted_authenticated = False
        """See `connection_limits.Connection`."""
        self.port = 0
        """The server's port of the connection; 0 on a Unix socket."""
        self.write_paused = False
        self.is_finished = False
        """The last response was sent: further bytes of the browser are discarded."""
        self._loop = loop
        self._limits = state.limits
        self._connections = state.connections
        self._proxies = state.trusted_proxies
        self._reasons = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(HIGH_WATER)
        _, port = get_local_addr(self.transport) or ("", 0)
        self.port = port or 0
        address, _ = get_remote_addr(self.transport) or ("", 0)
        self.peer = Client(address.encode("ascii"), b"https" if is_ssl(self.transport) else b"http")
        # The address alone proves nothing: a session on this machine can connect from it as well.
        self.from_proxy = address in self._proxies and may_be_proxy(transport.get_extra_info("socket"))
        shortest = min(self._limits.head, self._limits.idle, self._limits.linger)
        self._deadline = Deadline(self._loop, shortest=shortest, expired=self.expired)
        # This also limits connections that never send a byte.
        self._deadline.expire_in(self._limits.head)
        # All users behind a proxy share its address, so it has no limit per address.
        counted = None if self.from_proxy else network_of(address, loopback=True)
        if not self._connections.enter(self, address=counted):
            self.evict()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - as in asyncio
        """See `asyncio.Protocol`."""
        self._deadline.stop()
        self.is_finished = True
        self._connections.leave(self)

    def expired(self) -> None:
        """The deadline has passed."""
        self.transport.abort()

    @property
    def idle_since(self) -> float | None:
        """See `connection_limits.Connection`."""
        return self._deadline.at

    def evict(self) -> None:
        """See `connection_limits.Connection`."""
        self.is_finished = True
        self.transport.abort()

    def note_authenticated(self) -> None:
        """Note that a request was authenticated. Called from any thread."""
        self.authenticated = True

    def pause(self, reason: int) -> None:
        """Pause reading for this reason (a bit)."""
        if not self._reasons and not self.transport.is_closing():
            self.transport.pause_reading()
        self._reasons |= reason

    def resume(self, reason: int) -> None:
        """Resume reading, unless another reason is left."""
        if self._reasons and not self._reasons & ~reason and not self.transport.is_closing():
            self.transport.resume_reading()
        self._reasons &= ~reason

    def send_final(self, status: int, text: str, *, with_body: bool) -> None:
        """Send the last response, then end the connection in a way that lets the browser read the response.

        If the socket were closed while the browser still sends, TCP would reset the connection and lose the response.
        """
        if self.is_finished or self.transport.is_closing():
            return
        self.is_finished = True
        if not self.counted_authenticated:
            self._connections.waits(self)
        self.transport.write(response(status, text, with_body=with_body))
        # TLS cannot close one direction only.
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        # The rest of the request is read and discarded: to close a socket with unread bytes sends a reset.
        self.resume(~0)
        self._deadline.expire_in(self._limits.linger)
