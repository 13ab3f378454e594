"""Run times of jobs despite changes of the system time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from user_workspaces.jobs import clock
from user_workspaces.jobs.clock import ClockReading, elapsed, parse_reading, run_time, start_reading

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
BOOT = "8d9f"


def after(hours: float, boot: str = BOOT) -> ClockReading:
    return ClockReading(boot, 500 + 3600 * hours)


@pytest.mark.parametrize(
    ("mark", "reading", "jumped", "expected"),
    [
        (after(0), after(1), 0, HOUR),
        (after(0), after(1), 2, HOUR),
        (after(0), after(1), -2, HOUR),
        (after(0), after(0), 24, timedelta(0)),
        (after(0), after(-1), 0, timedelta(0)),
        (None, after(1), 0, HOUR),
        (after(0), None, 0, HOUR),
        (None, None, 2, 3 * HOUR),
        (None, None, -2, timedelta(0)),
        (after(0), after(9, "another start"), 0, HOUR),
    ],
    ids=[
        *("no jump", "forwards", "back", "at once", "never less than none"),
        *("of an older server", "no clock here", "forwards, not known", "back, not known", "the machine began anew"),
    ],
)
def test_clock_jumps_do_not_count(
    mark: ClockReading | None, reading: ClockReading | None, jumped: float, expected: timedelta
) -> None:
    now = NOON + HOUR + jumped * HOUR
    assert elapsed(start=NOON, end=now, now=now, at_start=mark, reading=reading) == expected


def test_job_that_ended_before_observation_counts_until_its_end() -> None:
    now = NOON + 3 * HOUR
    assert elapsed(start=NOON, end=NOON + HOUR, now=now, at_start=after(0), reading=after(3)) == HOUR


@pytest.fixture
def reading() -> Iterator[list[ClockReading]]:
    """Set the clock of this process."""
    found = [after(0)]
    clock.install(lambda: found[0])
    yield found
    clock.install(None)


def test_late_observation_keeps_real_start(reading: list[ClockReading]) -> None:
    kept = start_reading(start=NOON, now=NOON + timedelta(seconds=30))
    assert parse_reading(kept) == ClockReading(BOOT, 470.0)
    reading[0] = after(1)
    assert run_time(start=NOON, end=NOON, started=kept, now=NOON) == HOUR + timedelta(seconds=30)


def test_start_reading_without_clock_is_empty() -> None:
    assert start_reading(start=NOON, now=NOON) == ""
    assert parse_reading("") is None
    assert run_time(start=NOON, end=NOON + HOUR, started=str(after(0)), now=NOON) == HOUR


def test_monotonic_clock_advances() -> None:
    one, two = clock.monotonic(), clock.monotonic()
    assert one.boot == two.boot != ""
    assert one.seconds <= two.seconds
