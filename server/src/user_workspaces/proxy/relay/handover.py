"""Gives a connection to a protocol of uvicorn, and still learns when it ends."""

import asyncio
from collections.abc import Callable
from typing import Any, cast


class HandedOver(asyncio.Protocol):
    """Stands between the transport and the protocol that has the connection now, which may give it to another one."""

    def __init__(self, transport: asyncio.Transport, *, lost: Callable[[], None]) -> None:
        self._transport = transport
        self._lost = lost
        self._protocol: asyncio.Protocol

    def begin(self, protocol: asyncio.Protocol, data: bytes) -> None:
        """Give the connection to this protocol, with the bytes that it begins with."""
        self._protocol = protocol
        self._transport.set_protocol(self)
        protocol.connection_made(cast("asyncio.Transport", _Transport(self._transport, self)))
        self.data_received(data)

    def set_protocol(self, protocol: asyncio.Protocol) -> None:
        """Give the connection to another one."""
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
    """The transport, but for the protocol that it has."""

    def __init__(self, transport: asyncio.Transport, handed_over: HandedOver) -> None:
        self._transport = transport
        self.set_protocol = handed_over.set_protocol

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401  whatever the transport can do
        return getattr(self._transport, name)
