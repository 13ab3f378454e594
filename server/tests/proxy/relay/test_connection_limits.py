"""Which connection makes place for a new one, without sockets: every kind of it, and in which order."""

import logging
from dataclasses import dataclass, field

import pytest

from user_workspaces.proxy.relay.connection_limits import LOG_SECONDS, ConnectionLimits


@dataclass(eq=False)
class Connection:
    """A connection that notes its end."""

    closed: list["Connection"]
    authenticated: bool = False
    counted_authenticated: bool = False
    idle_since: float | None = 0.0

    def evict(self) -> None:
        self.closed.append(self)


@dataclass
class LimitsWithClock:
    """Limits with a clock of their own."""

    most: int = 4
    per_address: int | None = None
    now: float = 1000.0
    closed: list[Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limits = ConnectionLimits(most=self.most, per_address=self.per_address, clock=lambda: self.now)

    def opened(self, address: str | None = None, **about: object) -> Connection:
        """Open a connection that gets a place."""
        connection = Connection(self.closed, **about)  # type: ignore[arg-type]  # headers of the class
        assert self.limits.enter(connection, address=address)
        return connection

    def is_refused(self, address: str | None = None) -> bool:
        return not self.limits.enter(Connection(self.closed), address=address)

    @property
    def open(self) -> int:
        return self.limits.counts().open


def test_connection_that_waits_longest_is_evicted() -> None:
    door = LimitsWithClock()
    first, second, _, _ = (door.opened() for _ in range(4))
    door.limits.waits(first)  # it got an answer in the meantime
    door.opened()
    assert door.closed == [second]
    assert door.open == 4


def test_anonymous_connection_in_service_is_evicted_last() -> None:
    door = LimitsWithClock()
    served = [door.opened() for _ in range(3)]
    for connection in served:
        door.limits.serves(connection)
    waiting = door.opened()
    door.opened()
    assert door.closed == [waiting]


def test_authenticated_connections_are_kept_while_anonymous_ones_wait() -> None:
    door = LimitsWithClock()
    user = door.opened(authenticated=True)
    strangers = [door.opened() for _ in range(3)]
    for connection in strangers:
        door.limits.serves(connection)
    door.limits.waits(strangers[1])
    door.opened()
    assert door.closed == [strangers[1]]
    assert user.counted_authenticated


def test_connection_authenticated_by_another_thread_is_skipped() -> None:
    door = LimitsWithClock()
    user, stranger, *_ = (door.opened() for _ in range(4))
    user.authenticated = True
    door.opened()
    assert door.closed == [stranger]


def test_idle_authenticated_connections_are_evicted() -> None:
    door = LimitsWithClock()
    door.opened(authenticated=True, idle_since=None)
    later, sooner = door.opened(authenticated=True, idle_since=9.0), door.opened(authenticated=True, idle_since=5.0)
    served = door.opened()
    door.limits.serves(served)
    door.limits.serves(door.opened())
    door.limits.serves(door.opened())
    assert door.closed == [sooner, later]
    assert door.is_refused()
    door.limits.waits(served)
    door.opened()
    assert door.closed == [sooner, later, served]


def test_new_connection_is_rejected_while_all_others_work() -> None:
    door = LimitsWithClock()
    users = [door.opened(authenticated=True, idle_since=None) for _ in range(4)]
    assert door.is_refused()
    users[0].idle_since = 1.0
    assert door.is_refused()
    door.now += 1
    door.opened()
    assert door.closed == [users[0]]
    assert door.limits.counts().refused == 2


def test_address_at_its_limit_evicts_its_own_connections() -> None:
    door = LimitsWithClock(most=10, per_address=2)
    other = door.opened("b")
    first, _ = door.opened("a"), door.opened("a")
    door.opened("a")
    assert door.closed == [first]
    assert other not in door.closed


def test_address_gets_at_most_half() -> None:
    door = LimitsWithClock(most=10, per_address=None)
    for _ in range(9):
        door.opened("a")
    assert door.open == 5


def test_exempt_address_has_only_the_total_limit() -> None:
    door = LimitsWithClock(most=10, per_address=2)
    for _ in range(12):
        door.opened(None)
    assert (door.open, len(door.closed)) == (10, 2)


def test_ended_connection_leaves_no_state() -> None:
    door = LimitsWithClock(most=10, per_address=2)
    connection = door.opened("a")
    door.limits.leave(connection)
    door.limits.leave(connection)
    door.limits.waits(connection)
    assert (door.open, door.limits._groups, len(door.limits._all)) == (0, {}, 0)


def test_evictions_are_logged_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    door = LimitsWithClock()
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            door.opened()
        door.now += LOG_SECONDS
        door.opened()
    assert [record.getMessage() for record in caplog.records] == [
        "too many connections: 3 open, limit 4 (2 per address); closed 1 idle ones, rejected 0 new ones",
        "too many connections: 3 open, limit 4 (2 per address); closed 96 idle ones, rejected 0 new ones",
    ]


def test_warning_lasts_for_a_while() -> None:
    door = LimitsWithClock(most=100)
    assert door.limits.counts().warning == ""
    for _ in range(95):
        door.opened()
    assert door.limits.counts().warning.startswith("There are nearly as many")
    for _ in range(10):
        door.opened()
    assert door.limits.counts().warning.startswith("There were too many")
    door.now += 3600
    assert door.limits.counts().warning.startswith("There are nearly as many")
