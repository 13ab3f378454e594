"""The endpoint of a session: its address, and the paths under which the proxy serves it."""

from dataclasses import dataclass, field
from enum import StrEnum


class Mount(StrEnum):
    """The paths of browsers that reach a session, and the paths that the session gets."""

    KEEP = "keep"
    """Paths below its base path, unchanged."""
    STRIP = "strip"
    """Paths below its base path, without the prefix."""
    ROOT = "root"
    """All paths of the session's own host or port, unchanged; it cannot be served by path."""


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
    """Headers, in lower case, that the proxy removes for this session, besides those that it always removes."""
