"""Errors of WebSocket handshakes."""


class HandshakeRejected(Exception):
    """The handshake is rejected with this HTTP status and message."""

    def __init__(self, status: int, message: str, *, retry_after: int | None = None) -> None:
        self.status, self.retry_after = status, retry_after
        self.message = message
        super().__init__(message)
