"""uvicorn's protocol for WebSockets, with limits for those who do not read, and without a line in the log for each."""

import logging
import socket
import struct
from typing import Any, Final

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

LARGEST_MESSAGE: Final = 1024
"""Bytes that a client may send in one message; it has nothing to say."""
MOST_FRAGMENTS: Final = 16
PING_SECONDS: Final = 15.0
"""Seconds between two pings, and for the pong: a client that does not read is disconnected within 30 seconds."""
LINGER_SECONDS: Final = 2.0
"""For the last words, before the connection is cut."""
# `struct linger`: on, for zero seconds. close(2) then resets the connection and drops what is unsent.
AT_ONCE: Final = struct.pack("ii", 1, 0)

_logger = logging.getLogger(__name__)
_logger.setLevel(logging.WARNING)  # it would write the address of every WebSocket


class LiveProtocol(WebSocketsSansIOProtocol):
    """One connection. To close it politely takes a client that reads; the others are cut off."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401  the border of uvicorn
        super().__init__(*args, **kwargs)
        self.logger = self.conn.logger = _logger

    async def run_asgi(self) -> None:
        """Run the application; when it is done, so is the connection, sent or not."""
        await super().run_asgi()
        self.loop.call_later(LINGER_SECONDS, self._cut)

    async def send(self, message: ASGISendEvent) -> None:
        """Send; an answer that refuses the handshake completes it, too."""
        await super().send(message)
        if self.close_sent:
            self.handshake_complete = True

    def data_received(self, data: bytes) -> None:
        """Take what the client sends: first its whole head, which may be too large."""
        super().data_received(data)
        if not self.handshake_initiated:
            self.transport.write(b"".join(self.conn.data_to_send()))
            self.transport.close()

    def handle_parser_exception(self) -> None:
        """End what cannot be read; as long as nothing is open, there is nothing to close politely."""
        if self.conn.close_sent is None:
            self._cut()
        else:
            super().handle_parser_exception()

    def keepalive_timeout(self) -> None:
        """Disconnect a client that does not respond to a ping."""
        super().keepalive_timeout()
        self._cut()

    def handle_ping(self) -> None:
        """Answer; but who asks without ever reading the answers would have us keep them all."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self._cut()

    def handle_text(self, event: Frame) -> None:
        """Take a text for bytes: it is thrown away, so nobody has to be able to read it."""
        self.handle_bytes(event)

    def handle_cont(self, event: Frame) -> None:
        """Take a part of a message; empty ones have no size that could be too large, so they are counted."""
        super().handle_cont(event)
        if len(self.frames) > MOST_FRAGMENTS:
            self._cut()

    def _cut(self) -> None:
        """Reset the connection: the kernel, too, would keep for a long time what nobody fetches.

        Only where something is left to be sent the descriptor is certainly still ours.
        """
        if self.transport.get_write_buffer_size():
            connection = self.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.transport.abort()


OPTIONS: Final[dict[str, Any]] = {
    "ws": LiveProtocol,
    "ws_max_size": LARGEST_MESSAGE,
    "ws_ping_interval": PING_SECONDS,
    "ws_ping_timeout": PING_SECONDS,
    "ws_per_message_deflate": False,
}
"""For `uvicorn.Config`. Compression would take more memory for each watcher than all its messages."""
