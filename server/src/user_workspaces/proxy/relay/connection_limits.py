"""Bounds the connections of browsers: at the limit, the anonymous connection that is idle longest is closed.

A connection is *anonymous* until a request on it was authenticated by a session cookie, a login to the portal or a
token. It is *waiting* while the client has to act: send a head or a body, or read the response.
All operations take constant time, except the search among authenticated connections when no anonymous one is left.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol

from user_workspaces.observability.connections import ConnectionMetrics
from user_workspaces.observability.metrics import CONNECTIONS_EVICTED, CONNECTIONS_REFUSED

logger = logging.getLogger(__name__)

LOG_SECONDS: Final = 60.0
"""Seconds between two log lines, however many connections are closed."""
SEARCH_SECONDS: Final = 0.5
"""Seconds until the next search among authenticated connections, after one without a result."""
_PART_OF_IDLE: Final = 16
"""One search closes 1/16 of the idle authenticated connections, so that searches stay rare."""


class Connection(Protocol):
    """A connection of a browser, as the limits use it."""

    authenticated: bool
    """True if a request on it was authenticated; set by any thread."""
    counted_authenticated: bool
    """True if it is counted as authenticated; set by `ConnectionLimits`."""

    @property
    def idle_since(self) -> float | None:
        """Sort key: the longest idle has the lowest; None while a request or a WebSocket is open."""

    def evict(self) -> None:
        """Close it at once."""


Queue = OrderedDict[Connection, None]
"""Connections in order of arrival."""


class _Group:
    """All connections, or those of one client address."""

    __slots__ = ("authenticated", "search_after", "serving", "waiting")

    def __init__(self) -> None:
        self.waiting: Queue = OrderedDict()
        self.serving: Queue = OrderedDict()
        """Anonymous connections with a complete request whose response is not complete."""
        self.authenticated: set[Connection] = set()
        self.search_after = 0.0

    def __len__(self) -> int:
        return len(self.waiting) + len(self.serving) + len(self.authenticated)

    def put(self, connection: Connection, queue: Queue) -> None:
        """Move an anonymous connection to the end of a queue of this group."""
        self.remove(connection)
        queue[connection] = None

    def remove(self, connection: Connection) -> None:
        """Remove a connection; no-op if it is not in this group."""
        self.waiting.pop(connection, None)
        self.serving.pop(connection, None)
        self.authenticated.discard(connection)


class ConnectionLimits:
    """The limits of one process. Use it only in the thread of the event loop."""

    def __init__(
        self, *, most: int = 1 << 30, per_address: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        # One address gets at most half, so that it cannot lock out all others.
        self._per_address = min(per_address or most, max(1, most // 2))
        self._clock = clock
        self._all = _Group()
        self._groups: dict[str, _Group] = {}
        self._addresses: dict[Connection, str | None] = {}
        self._evicted = self._refused = 0
        self._acted_at = self._logged_at = float("-inf")
        self._logged = (0, 0)

    def enter(self, connection: Connection, *, address: str | None) -> bool:
        """Count a new connection. Return False if there is no place. `address` None: no limit per address."""
        if not self._free_slot(address):
            self._refused += 1
            CONNECTIONS_REFUSED.inc()
            self._note()
            return False
        self._addresses[connection] = address
        if address is not None and address not in self._groups:
            self._groups[address] = _Group()
        self.waits(connection)
        return True

    def leave(self, connection: Connection) -> None:
        """Remove a connection that ended; no-op if it was removed."""
        for group in self._groups_of(connection):
            group.remove(connection)
        address = self._addresses.pop(connection, None)
        # Empty groups are removed: otherwise each address that ever connected would take memory.
        if address is not None and not self._groups[address]:
            del self._groups[address]

    def waits(self, connection: Connection) -> None:
        """Note that the client has to act next."""
        for group in self._groups_of(connection):
            group.put(connection, group.waiting)
        self._count_authenticated(connection)

    def serves(self, connection: Connection) -> None:
        """Note that a request is complete and the server has to respond."""
        for group in self._groups_of(connection):
            group.put(connection, group.serving)
        self._count_authenticated(connection)

    def counts(self) -> ConnectionMetrics:
        """Return the counters; from other threads they may be off by a few."""
        return ConnectionMetrics(
            open=len(self._addresses),
            limit=self._most,
            evicted=self._evicted,
            refused=self._refused,
            seconds_since=self._clock() - self._acted_at,
        )

    def _groups_of(self, connection: Connection) -> tuple[_Group, ...]:
        if connection not in self._addresses:
            return ()
        address = self._addresses[connection]
        return (self._all,) if address is None else (self._all, self._groups[address])

    def _count_authenticated(self, connection: Connection) -> None:
        """Count a connection as authenticated if a request on it was."""
        if connection.authenticated:
            connection.counted_authenticated = True
            for group in self._groups_of(connection):
                group.remove(connection)
                group.authenticated.add(connection)

    def _free_slot(self, address: str | None) -> bool:
        group = self._groups.get(address) if address is not None else None
        if group is not None and len(group) >= self._per_address and not self._evict_one(group):
            return False
        return len(self._addresses) < self._most or self._evict_one(self._all)

    def _evict_one(self, group: _Group) -> bool:
        """Close a waiting anonymous connection, else idle authenticated ones.

        Connections that are being served are not closed: under overload no client would ever get a response.
        """
        return self._evict_anonymous(group.waiting) or self._evict_idle(group)

    def _evict_anonymous(self, queue: Queue) -> bool:
        while queue:
            # The first one has waited longest.
            connection = next(iter(queue))
            if not connection.authenticated:
                self._evict(connection)
                return True
            # Another thread authenticated it since it was queued: it only moves to its new group.
            self._count_authenticated(connection)
        return False

    def _evict_idle(self, group: _Group) -> bool:
        now = self._clock()
        if now < group.search_after:
            return False
        idle = [
            (since, connection) for connection in group.authenticated if (since := connection.idle_since) is not None
        ]
        if not idle:
            group.search_after = now + SEARCH_SECONDS
            return False
        idle.sort(key=lambda found: found[0])
        for _, connection in idle[: len(idle) // _PART_OF_IDLE + 1]:
            self._evict(connection)
        return True

    def _evict(self, connection: Connection) -> None:
        # `connection_lost` arrives later, but the place has to be free now.
        self.leave(connection)
        self._evicted += 1
        CONNECTIONS_EVICTED.inc()
        self._note()
        connection.evict()

    def _note(self) -> None:
        """Log the evictions since the last line, at most once a minute."""
        now = self._acted_at = self._clock()
        if now - self._logged_at < LOG_SECONDS:
            return
        evicted, refused = self._evicted - self._logged[0], self._refused - self._logged[1]
        self._logged_at, self._logged = now, (self._evicted, self._refused)
        logger.warning(
            "too many connections: %d open, limit %d (%d per address); closed %d idle ones, rejected %d new ones",
            len(self._addresses), self._most, self._per_address, evicted, refused,
        )  # fmt: skip
