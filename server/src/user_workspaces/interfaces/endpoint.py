"""Where a session listens, and how the proxy leads browsers to it."""

from dataclasses import dataclass, field
from enum import StrEnum


class Mount(StrEnum):
    """Which paths of a browser reach a session, and what the session sees of them."""

    KEEP = "keep"
    """Those below its base path, as they are."""
    STRIP = "strip"
    """Those below its base path, without it."""
    ROOT = "root"
    """All paths of the session's own host or port, as they are; by path it cannot be served."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a session listens: a Unix socket, or host and port. Stored encrypted: `authorization` is a secret."""

    socket: str = ""
    """Absolute path of the Unix socket; empty for TCP."""
    socket_uid: int = -1
    """The uid that must own the listening process (checked with SO_PEERCRED after the connect)."""
    host: str = ""
    port: int = 0
    authorization: str = field(default="", repr=False)
    """The value of the `Authorization` header that the proxy sends to the session."""
    mount: Mount = Mount.KEEP
    strip_headers: tuple[str, ...] = ()
    """Headers in lower case that the session does not get, beside those that no session gets."""
