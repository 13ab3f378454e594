"""Which connection makes place for a new one, without sockets: every kind of it, and in which order."""

import logging
from dataclasses import dataclass, field

import pytest

from user_workspaces.proxy.relay.connection_limits import LOG_SECONDS, ConnectionLimits


@dataclass(eq=False)
class Connection:
    """A connection that notes its end."""

    closed: list["Connection"]
    known: bool = False
    counted_known: bool = False
    idle_since: float | None = 0.0

    def evict(self) -> None:
        self.closed.append(self)


@dataclass
class Door:
    """Limits with a clock of their own."""

    most: int = 4
    per_address: int | None = None
    now: float = 1000.0
    closed: list[Connection] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.limits = ConnectionLimits(most=self.most, per_address=self.per_address, clock=lambda: self.now)

    def opened(self, address: str | None = None, **about: object) -> Connection:
        """Open a connection that gets a place."""
        connection = Connection(self.closed, **about)  # type: ignore[arg-type]  # fields of the class
        assert self.limits.enter(connection, address=address)
        return connection

    def is_refused(self, address: str | None = None) -> bool:
        return not self.limits.enter(Connection(self.closed), address=address)

    @property
    def open(self) -> int:
        return self.limits.counts().open


def test_the_one_that_waits_longest_makes_place() -> None:
    door = Door()
    first, second, _, _ = (door.opened() for _ in range(4))
    door.limits.waits(first)  # it got an answer in the meantime
    door.opened()
    assert door.closed == [second]
    assert door.open == 4


def test_a_stranger_who_is_served_stays_as_long_as_another_one_waits() -> None:
    door = Door()
    served = [door.opened() for _ in range(3)]
    for connection in served:
        door.limits.serves(connection)
    waiting = door.opened()
    door.opened()
    assert door.closed == [waiting]


def test_people_stay_as_long_as_there_are_strangers() -> None:
    door = Door()
    user = door.opened(known=True)
    strangers = [door.opened() for _ in range(3)]
    for connection in strangers:
        door.limits.serves(connection)
    door.limits.waits(strangers[1])
    door.opened()
    assert door.closed == [strangers[1]]
    assert user.counted_known


def test_somebody_who_is_recognised_by_another_thread_is_passed_over() -> None:
    door = Door()
    user, stranger, *_ = (door.opened() for _ in range(4))
    user.known = True
    door.opened()
    assert door.closed == [stranger]


def test_idle_people_make_place_and_nobody_who_is_served() -> None:
    door = Door()
    door.opened(known=True, idle_since=None)
    later, sooner = door.opened(known=True, idle_since=9.0), door.opened(known=True, idle_since=5.0)
    served = door.opened()
    door.limits.serves(served)
    door.limits.serves(door.opened())
    door.limits.serves(door.opened())
    assert door.closed == [sooner, later]
    assert door.is_refused()
    door.limits.waits(served)
    door.opened()
    assert door.closed == [sooner, later, served]


def test_where_all_work_the_new_one_is_refused_and_nobody_is_searched_for_it_each_time() -> None:
    door = Door()
    users = [door.opened(known=True, idle_since=None) for _ in range(4)]
    assert door.is_refused()
    users[0].idle_since = 1.0
    assert door.is_refused()
    door.now += 1
    door.opened()
    assert door.closed == [users[0]]
    assert door.limits.counts().refused == 2


def test_one_address_makes_place_for_itself_only() -> None:
    door = Door(most=10, per_address=2)
    other = door.opened("b")
    first, _ = door.opened("a"), door.opened("a")
    door.opened("a")
    assert door.closed == [first]
    assert other not in door.closed


def test_one_address_never_has_more_than_half() -> None:
    door = Door(most=10, per_address=None)
    for _ in range(9):
        door.opened("a")
    assert door.open == 5


def test_an_exempt_address_has_the_limit_of_all_only() -> None:
    door = Door(most=10, per_address=2)
    for _ in range(12):
        door.opened(None)
    assert (door.open, len(door.closed)) == (10, 2)


def test_what_ended_leaves_its_place_and_nothing_behind() -> None:
    door = Door(most=10, per_address=2)
    connection = door.opened("a")
    door.limits.leave(connection)
    door.limits.leave(connection)
    door.limits.waits(connection)
    assert (door.open, door.limits._groups, len(door.limits._all)) == (0, {}, 0)


def test_it_is_logged_once_a_minute_with_figures(caplog: pytest.LogCaptureFixture) -> None:
    door = Door()
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            door.opened()
        door.now += LOG_SECONDS
        door.opened()
    assert [record.getMessage() for record in caplog.records] == [
        "too many connections: 3 open of at most 4, 2 of one address; 1 idle ones closed, 0 new ones refused",
        "too many connections: 3 open of at most 4, 2 of one address; 96 idle ones closed, 0 new ones refused",
    ]


def test_operators_are_warned_for_a_while() -> None:
    door = Door(most=100)
    assert door.limits.counts().warning == ""
    for _ in range(95):
        door.opened()
    assert door.limits.counts().warning.startswith("There are nearly as many")
    for _ in range(10):
        door.opened()
    assert door.limits.counts().warning.startswith("There were too many")
    door.now += 3600
    assert door.limits.counts().warning.startswith("There are nearly as many")
