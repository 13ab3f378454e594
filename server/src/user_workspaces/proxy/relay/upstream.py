"""Connections to sessions: opened and checked, kept for a while between requests, closed with their route."""

import asyncio
import socket
import struct
from collections import deque
from typing import Final, Protocol, cast

from user_workspaces.interfaces.values import Endpoint

HIGH_WATER: Final = 262_144
"""Bytes that wait in a connection's write buffer before the other side is paused."""
_BACKLOG_FULL_PAUSE: Final = 0.02
_CREDENTIALS: Final = struct.Struct("3i")


class PeerCheckFailed(OSError):
    """Somebody else than the session's owner listens on its socket."""


class UpstreamConsumer(Protocol):
    """What uses a connection to a session."""

    def response_received(self, data: bytes) -> None:
        """Bytes came from the session."""

    def upstream_lost(self, error: Exception | None) -> None:
        """The connection ended."""

    def upstream_full(self) -> None:
        """The session reads slower than it is sent to."""

    def upstream_drained(self) -> None:
        """The session may be sent to again."""


class Upstream(asyncio.Protocol):
    """One connection to a session: used by one exchange at a time, or idle in the pool."""

    __slots__ = ("_paused", "closed", "idle_since", "transport", "user")

    def __init__(self) -> None:
        self.user: UpstreamConsumer | None = None
        self.closed = False
        self.idle_since = 0.0
        self._paused = False
        self.transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See `asyncio.Protocol`."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(HIGH_WATER)

    def data_received(self, data: bytes) -> None:
        """See `asyncio.Protocol`."""
        if self.user is None:
            self.abort()  # nobody asked: what follows could be taken for the answer to the next request
        else:
            self.user.response_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self.closed = True
        user, self.user = self.user, None
        if user is not None:
            user.upstream_lost(exc)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        if self.user is not None:
            self.user.upstream_full()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        if self.user is not None:
            self.user.upstream_drained()

    def pause_reading(self) -> None:
        """Take nothing more from the session for now."""
        if not self._paused and not self.closed:
            self._paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Take from the session again."""
        if self._paused and not self.closed:
            self._paused = False
            self.transport.resume_reading()

    def close(self) -> None:
        """End the connection when what was written is sent."""
        self.user = None
        self.closed = True
        self.transport.close()

    def abort(self) -> None:
        """End the connection at once."""
        self.user = None
        self.closed = True
        self.transport.abort()


async def connect(endpoint: Endpoint, *, time_limit: float) -> Upstream:
    """Open a connection to a session; raises `OSError` (`TimeoutError` is one) within `time_limit` seconds."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(time_limit):
        if not endpoint.socket:
            _, upstream = await loop.create_connection(Upstream, endpoint.host, endpoint.port)
            return upstream
        sock = await _connect_unix(endpoint.socket)
        try:
            _check_peer(sock, endpoint.socket_uid)
            _, upstream = await loop.create_unix_connection(Upstream, sock=sock)
        except BaseException:
            sock.close()
            raise
        return upstream


async def _connect_unix(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        while True:
            try:
                sock.connect(path)  # answers at once on Unix sockets: yes, no, or "the backlog is full"
            except BlockingIOError:
                await asyncio.sleep(_BACKLOG_FULL_PAUSE)
            else:
                return sock
    except BaseException:
        sock.close()
        raise


def _check_peer(sock: socket.socket, uid: int) -> None:
    """A person can put a link to another one's socket in the place of their own: ask the kernel who listens."""
    if uid < 0:
        return
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, peer_uid, _ = _CREDENTIALS.unpack(credentials)
    if peer_uid != uid:
        raise PeerCheckFailed("Somebody else listens on the session's socket.")


class Pool:
    """Idle connections to sessions, by job id."""

    def __init__(self, *, per_job: int, idle_limit: float) -> None:
        self._per_job = per_job
        self._idle_limit = idle_limit
        self._idle: dict[int, deque[Upstream]] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    def take(self, job_id: int) -> Upstream | None:
        """Return an idle connection, the latest used first; it may have ended without our knowing."""
        idle = self._idle.get(job_id)
        while idle:
            upstream = idle.pop()
            if not upstream.closed:
                return upstream
        return None

    def put(self, job_id: int, upstream: Upstream) -> None:
        """Keep a connection that is between two requests."""
        upstream.user = None
        idle = self._idle.setdefault(job_id, deque())
        if self._closed or upstream.closed or len(idle) >= self._per_job:
            upstream.close()
            return
        upstream.resume_reading()  # or its end would never be seen
        loop = asyncio.get_running_loop()
        upstream.idle_since = loop.time()
        idle.append(upstream)
        if self._sweep is None:
            self._sweep = loop.call_later(self._idle_limit, self._close_old)

    def drop(self, job_id: int) -> None:
        """Close the idle connections of a job."""
        for upstream in self._idle.pop(job_id, ()):
            upstream.close()

    def close(self) -> None:
        """Close every idle connection, and keep none from now on."""
        self._closed = True
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        for job_id in list(self._idle):
            self.drop(job_id)

    def _close_old(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - self._idle_limit
        for job_id, idle in list(self._idle.items()):
            while idle and (idle[0].closed or idle[0].idle_since <= oldest):
                idle.popleft().close()
            if not idle:
                del self._idle[job_id]
        self._sweep = loop.call_later(self._idle_limit, self._close_old) if self._idle else None
