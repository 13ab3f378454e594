"""Hands a connection over to a protocol of uvicorn, but still notices its end."""

import asyncio
from collections.abc import Callable
from typing import Any, cast


class HandedOver(asyncio.Protocol):
    """Forwards the transport's calls to the current protocol of the connection, which may set another one.

    uvicorn's HTTP protocol passes the connection to its WebSocket protocol by `transport.set_protocol`. The wrapped
    transport redirects that call here, so that `connection_lost` still reaches the proxy's count of connections.
    """

    def __init__(self, transport: asyncio.Transport, *, lost: Callable[[], None]) -> None:
        self._transport = transport
        self._lost = lost
        self._protocol: asyncio.Protocol

    def begin(self, protocol: asyncio.Protocol, data: bytes) -> None:
        """Hand the connection over to this protocol, with the first bytes."""
        self._protocol = protocol
        self._transport.set_protocol(self)
        protocol.connection_made(cast("asyncio.Transport", _Transport(self._transport, self)))
        self.data_received(data)

    def set_protocol(self, protocol: asyncio.Protocol) -> None:
        """Replace the protocol."""
        self._protocol = protocol

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        self._protocol.data_received(data)

    def eof_received(self) -> bool | None:
        """See `asyncio.Protocol`."""
        return self._protocol.eof_received()

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._protocol.pause_writing()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        self._protocol.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self._lost()
        self._protocol.connection_lost(exc)


class _Transport:
    """The transport with another `set_protocol`."""

    def __init__(self, transport: asyncio.Transport, handed_over: HandedOver) -> None:
        self._transport = transport
        self.set_protocol = handed_over.set_protocol

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  any attribute of the transport
        return getattr(self._transport, name)
