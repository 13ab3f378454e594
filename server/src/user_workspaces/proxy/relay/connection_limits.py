"""Bounds the connections of browsers: where there are too many, the longest idle anonymous one is closed.

A connection is *anonymous* until a request on it was authenticated, by the cookie of a session, a log-in to the portal
or a token. An anonymous one is *waiting* while the client has to act: to send a head or a body, to read the response.
All this takes constant time, but for the search among authenticated connections when there is no anonymous one left.
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
"""Between two lines in the log, however many connections are closed."""
SEARCH_SECONDS: Final = 0.5
"""Between two searches among authenticated connections, after one that found none idle."""
_PART_OF_IDLE: Final = 16
"""One search closes this part of the idle authenticated connections, so that searches stay rare."""


class Connection(Protocol):
    """A connection of a browser, as it is counted."""

    known: bool
    """Whether a request on it was authenticated; set by any thread."""
    counted_known: bool
    """Whether it is counted as such; set here."""

    @property
    def idle_since(self) -> float | None:
        """An order of the idle ones, the longest idle first; None while a request or a WebSocket is open."""

    def evict(self) -> None:
        """Close it at once."""


Line = OrderedDict[Connection, None]
"""Connections in the order in which they came here."""


class _Group:
    """All connections, or those of one address."""

    __slots__ = ("known", "search_after", "serving", "waiting")

    def __init__(self) -> None:
        self.waiting: Line = OrderedDict()
        self.serving: Line = OrderedDict()
        """Anonymous ones whose request is complete and not answered yet."""
        self.known: set[Connection] = set()
        self.search_after = 0.0

    def __len__(self) -> int:
        return len(self.waiting) + len(self.serving) + len(self.known)

    def put(self, connection: Connection, line: Line) -> None:
        """Put an anonymous connection at the end of a line of this group."""
        self.remove(connection)
        line[connection] = None

    def remove(self, connection: Connection) -> None:
        """Forget it; no-op when it is not here."""
        self.waiting.pop(connection, None)
        self.serving.pop(connection, None)
        self.known.discard(connection)


class ConnectionLimits:
    """One for a process; belongs to the thread of the event loop."""

    def __init__(
        self, *, most: int = 1 << 30, per_address: int | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        # One address never holds more than half, so that the others have the other half.
        self._per_address = min(per_address or most, max(1, most // 2))
        self._clock = clock
        self._all = _Group()
        self._groups: dict[str, _Group] = {}
        self._addresses: dict[Connection, str | None] = {}
        self._evicted = self._refused = 0
        self._acted_at = self._logged_at = float("-inf")
        self._logged = (0, 0)

    def enter(self, connection: Connection, *, address: str | None) -> bool:
        """Count a new connection; False: there is no place for it. `address` None: exempt from the limit of one."""
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
        """Forget a connection that ended; no-op when it is forgotten."""
        for group in self._groups_of(connection):
            group.remove(connection)
        address = self._addresses.pop(connection, None)
        if address is not None and not self._groups[address]:
            del self._groups[address]

    def waits(self, connection: Connection) -> None:
        """The client has to act next."""
        for group in self._groups_of(connection):
            group.put(connection, group.waiting)
        self._recognise(connection)

    def serves(self, connection: Connection) -> None:
        """A request is complete, and its response is ours to give."""
        for group in self._groups_of(connection):
            group.put(connection, group.serving)
        self._recognise(connection)

    def counts(self) -> ConnectionMetrics:
        """Return how many there are; also from other threads, where it may be off by a few."""
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

    def _recognise(self, connection: Connection) -> None:
        """Count a connection as authenticated, if it is: it stays so until its end."""
        if connection.known:
            connection.counted_known = True
            for group in self._groups_of(connection):
                group.remove(connection)
                group.known.add(connection)

    def _free_slot(self, address: str | None) -> bool:
        group = self._groups.get(address) if address is not None else None
        if group is not None and len(group) >= self._per_address and not self._evict_one(group):
            return False
        return len(self._addresses) < self._most or self._evict_one(self._all)

    def _evict_one(self, group: _Group) -> bool:
        """Close what costs the least: a stranger who waits, then idle connections of people.

        What is being served is not closed: its answer would be lost, and where requests come faster than they are
        answered, nobody would get one.
        """
        return self._evict_stranger(group.waiting) or self._evict_idle(group)

    def _evict_stranger(self, line: Line) -> bool:
        while line:
            connection = next(iter(line))
            if not connection.known:
                self._evict(connection)
                return True
            self._recognise(connection)
        return False

    def _evict_idle(self, group: _Group) -> bool:
        now = self._clock()
        if now < group.search_after:
            return False
        idle = [(since, connection) for connection in group.known if (since := connection.idle_since) is not None]
        if not idle:
            group.search_after = now + SEARCH_SECONDS
            return False
        idle.sort(key=lambda found: found[0])
        for _, connection in idle[: len(idle) // _PART_OF_IDLE + 1]:
            self._evict(connection)
        return True

    def _evict(self, connection: Connection) -> None:
        self.leave(connection)
        self._evicted += 1
        CONNECTIONS_EVICTED.inc()
        self._note()
        connection.evict()

    def _note(self) -> None:
        """Write what happened since the last line, at most once a minute."""
        now = self._acted_at = self._clock()
        if now - self._logged_at < LOG_SECONDS:
            return
        evicted, refused = self._evicted - self._logged[0], self._refused - self._logged[1]
        self._logged_at, self._logged = now, (self._evicted, self._refused)
        logger.warning(
            "too many connections: %d open of at most %d, %d of one address; %d idle ones closed, %d new ones refused",
            len(self._addresses), self._most, self._per_address, evicted, refused,
        )  # fmt: skip
