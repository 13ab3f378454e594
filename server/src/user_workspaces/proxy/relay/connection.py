"""The connection to a browser: when it is read, when it may be written to, and how it ends."""

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
    """What a connection can do, whatever it is used for."""

    def __init__(self, loop: asyncio.AbstractEventLoop, passthrough: ProxyState) -> None:
        self.transport: asyncio.Transport
        self.peer: Client
        """Who is at the other end: the address is empty on a Unix socket."""
        self.from_proxy = False
        """Whether the other end is a trusted proxy."""
        self.known = self.counted_known = False
        """See `connection_limits.Connection`."""
        self.port = 0
        """Of ours, that the connection came in on; 0 on a Unix socket."""
        self.write_paused = False
        self.said_all = False
        """The last answer is given: what still comes is thrown away."""
        self._loop = loop
        self._limits = passthrough.limits
        self._connections = passthrough.connections
        self._proxies = passthrough.trusted_proxies
        self._reasons = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(HIGH_WATER)
        _, port = get_local_addr(self.transport) or ("", 0)
        self.port = port or 0
        address, _ = get_remote_addr(self.transport) or ("", 0)
        self.peer = Client(address.encode("ascii"), b"https" if is_ssl(self.transport) else b"http")
        self.from_proxy = address in self._proxies and may_be_proxy(transport.get_extra_info("socket"))
        shortest = min(self._limits.head, self._limits.idle, self._limits.linger)
        self._deadline = Deadline(self._loop, shortest=shortest, expired=self.expired)
        self._deadline.expire_in(self._limits.head)
        counted = None if self.from_proxy else network_of(address, loopback=True)
        if not self._connections.enter(self, address=counted):
            self.evict()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the border of asyncio
        """See `asyncio.Protocol`."""
        self._deadline.stop()
        self.said_all = True
        self._connections.leave(self)

    def expired(self) -> None:
        """Nothing came for too long."""
        self.transport.abort()

    @property
    def idle_since(self) -> float | None:
        """See `connection_limits.Connection`."""
        return self._deadline.at

    def evict(self) -> None:
        """See `connection_limits.Connection`."""
        self.said_all = True
        self.transport.abort()

    def recognise(self) -> None:
        """Note that a request was authenticated; also from other threads."""
        self.known = True

    def hold(self, reason: int) -> None:
        """Stop reading for this reason (a bit)."""
        if not self._reasons and not self.transport.is_closing():
            self.transport.pause_reading()
        self._reasons |= reason

    def release(self, reason: int) -> None:
        """Read again, unless there is another reason not to."""
        if self._reasons and not self._reasons & ~reason and not self.transport.is_closing():
            self.transport.resume_reading()
        self._reasons &= ~reason

    def send_final(self, status: int, text: str, *, with_body: bool) -> None:
        """Give the last answer and end the connection, in a way that lets the browser read it first.

        Closing at once would throw away what still comes, and with that, on TCP, also the answer.
        """
        if self.said_all or self.transport.is_closing():
            return
        self.said_all = True
        if not self.counted_known:
            self._connections.waits(self)
        self.transport.write(response(status, text, with_body=with_body))
        if not self.transport.can_write_eof():
            self.transport.close()
            return
        self.transport.write_eof()
        self.release(~0)
        self._deadline.expire_in(self._limits.linger)
