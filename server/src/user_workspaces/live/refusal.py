"""Why a WebSocket is not opened."""


class Refused(Exception):
    """The handshake is answered with this HTTP status and message instead."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(message)
