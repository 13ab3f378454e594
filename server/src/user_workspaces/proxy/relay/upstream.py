"""Connections to sessions: opened and checked, pooled between requests, closed with their route."""

import asyncio
import socket
import struct
from collections import deque
from typing import Final, Protocol, cast

from user_workspaces.interfaces.values import Endpoint

HIGH_WATER: Final = 262_144
"""Bytes in a connection's write buffer at which reading from the other side is paused."""
# A full backlog of a Unix socket reports no event when it has space again: only another attempt shows it.
_BACKLOG_FULL_PAUSE: Final = 0.02
_CREDENTIALS: Final = struct.Struct("3i")


class PeerCheckFailed(OSError):
    """Another account than the session's owner listens on its socket."""


class UpstreamConsumer(Protocol):
    """The object that uses a connection to a session."""

    def response_received(self, data: bytes) -> None:
        """Bytes arrived from the session."""

    def upstream_lost(self, error: Exception | None) -> None:
        """The connection ended."""

    def upstream_full(self) -> None:
        """The session reads slower than the browser sends."""

    def upstream_drained(self) -> None:
        """The session reads again."""


class Upstream(asyncio.Protocol):
    """One connection to a session: used by one exchange at a time, or idle in the pool."""

    __slots__ = ("_paused", "closed", "consumer", "idle_since", "transport")

    def __init__(self) -> None:
        self.consumer: UpstreamConsumer | None = None
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
        if self.consumer is None:
            self.abort()  # unsolicited bytes would be taken for the response to the next request
        else:
            self.consumer.response_received(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """See `asyncio.Protocol`."""
        self.closed = True
        consumer, self.consumer = self.consumer, None
        if consumer is not None:
            consumer.upstream_lost(exc)

    def pause_writing(self) -> None:
        """See `asyncio.Protocol`."""
        if self.consumer is not None:
            self.consumer.upstream_full()

    def resume_writing(self) -> None:
        """See `asyncio.Protocol`."""
        if self.consumer is not None:
            self.consumer.upstream_drained()

    def pause_reading(self) -> None:
        """Pause reading from the session."""
        if not self._paused and not self.closed:
            self._paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        """Resume reading from the session."""
        if self._paused and not self.closed:
            self._paused = False
            self.transport.resume_reading()

    def close(self) -> None:
        """Close the connection after the write buffer is sent."""
        self.consumer = None
        self.closed = True
        self.transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self.consumer = None
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
            # This includes the cancellation by the timeout: the descriptor would leak.
            sock.close()
            raise
        return upstream


async def _connect_unix(path: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        while True:
            try:
                sock.connect(path)  # never blocks on Unix sockets: EAGAIN means that the backlog is full
            except BlockingIOError:
                await asyncio.sleep(_BACKLOG_FULL_PAUSE)
            else:
                return sock
    except BaseException:
        sock.close()
        raise


def _check_peer(sock: socket.socket, uid: int) -> None:
    """Check the uid of the listener: a user can replace their socket by a link to another user's socket."""
    if uid < 0:
        return
    # The kernel reports who called listen(2), which the other side cannot forge.
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, peer_uid, _ = _CREDENTIALS.unpack(credentials)
    if peer_uid != uid:
        raise PeerCheckFailed("Another account listens on the session's socket.")


class Pool:
    """Idle connections to sessions, by job id."""

    def __init__(self, *, per_job: int, idle_limit: float) -> None:
        self._per_job = per_job
        self._idle_limit = idle_limit
        self._idle: dict[int, deque[Upstream]] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._closed = False

    def take(self, job_id: int) -> Upstream | None:
        """Return the connection that was used last, or None. The session may have closed it already."""
        idle = self._idle.get(job_id)
        while idle:
            # The connection used last is the least likely to be closed by the session; older ones expire.
            upstream = idle.pop()
            if not upstream.closed:
                return upstream
        return None

    def put(self, job_id: int, upstream: Upstream) -> None:
        """Keep a connection for the next request."""
        upstream.consumer = None
        idle = self._idle.setdefault(job_id, deque())
        if self._closed or upstream.closed or len(idle) >= self._per_job:
            upstream.close()
            return
        upstream.resume_reading()  # a paused connection does not report its end
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
        """Close all idle connections, and keep none from now on."""
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
            # Connections are appended when they become idle: the first one is the oldest.
            while idle and (idle[0].closed or idle[0].idle_since <= oldest):
                idle.popleft().close()
            if not idle:
                del self._idle[job_id]
        self._sweep = loop.call_later(self._idle_limit, self._close_old) if self._idle else None
