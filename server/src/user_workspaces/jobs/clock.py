"""Measure the run time of jobs by the monotonic clock of the machine, which does not count time asleep.

The time of day may be set forwards or back while a job runs. So a job also stores the reading of the monotonic clock at
its start. Readings can be compared only within one boot of one machine, which the boot ID identifies.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class ClockReading:
    """A time on the monotonic clock of one boot of a machine."""

    boot: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.boot} {self.seconds:.3f}"


Clock = Callable[[], ClockReading]


@dataclass(slots=True)
class _Process:
    """The clock of this process; without one, run times are computed from the time of day."""

    read: Clock | None = None


_process = _Process()


def install(read: Clock | None) -> None:
    """Set the clock of this process."""
    _process.read = read


def monotonic() -> ClockReading:
    """Read the monotonic clock of this machine."""
    return ClockReading(BOOT_ID.read_text().strip(), time.monotonic())


def parse_reading(text: str) -> ClockReading | None:
    """Return the stored reading; None for an empty text."""
    boot, _, seconds = text.partition(" ")
    return ClockReading(boot, float(seconds)) if seconds else None


def start_reading(*, start: datetime, now: datetime) -> str:
    """Return the reading to store for a job that started at `start`; empty without a clock."""
    if _process.read is None:
        return ""
    reading = _process.read()
    # The resource reports the start a little later: the reading is moved back to the start itself.
    return str(ClockReading(reading.boot, reading.seconds - max(0.0, (now - start).total_seconds())))


def run_time(*, start: datetime, end: datetime, started: str, now: datetime) -> timedelta:
    """Return the run time of a job from `start` to `end`; `started` is its stored reading."""
    at_start = parse_reading(started)
    reading = _process.read() if at_start is not None and _process.read is not None else None
    return elapsed(start=start, end=end, now=now, at_start=at_start, reading=reading)


def elapsed(
    *, start: datetime, end: datetime, now: datetime, at_start: ClockReading | None, reading: ClockReading | None
) -> timedelta:
    """Return the time between `start` and `end`, at least 0: by the readings if both are of the same boot. Pure."""
    if at_start is None or reading is None or at_start.boot != reading.boot:
        return max(timedelta(0), end - start)
    # Only the start has a stored reading: that of now is moved back to the end.
    since_end = max(0.0, (now - end).total_seconds())
    return timedelta(seconds=max(0.0, reading.seconds - at_start.seconds - since_end))
