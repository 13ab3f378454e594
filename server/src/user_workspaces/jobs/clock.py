"""How long a job has run, by a clock that nobody sets: the monotonic one of the machine, which rests while it sleeps.

The time of day may be set forwards or back while a job runs. So a job also keeps what the monotonic clock said when it
began. That clock begins anew with each start of the machine, and is another one on another machine.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class ClockReading:
    """A moment on the clock of one start of a machine."""

    boot: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.boot} {self.seconds:.3f}"


Clock = Callable[[], ClockReading]


@dataclass(slots=True)
class _Process:
    """The clock of this process; without one, the time of day is believed."""

    read: Clock | None = None


_process = _Process()


def install(read: Clock | None) -> None:
    """Make this the clock of the process."""
    _process.read = read


def monotonic() -> ClockReading:
    """Read the machine's."""
    return ClockReading(BOOT_ID.read_text().strip(), time.monotonic())


def parse_reading(text: str) -> ClockReading | None:
    """Return what was kept; None where nothing was."""
    boot, _, seconds = text.partition(" ")
    return ClockReading(boot, float(seconds)) if seconds else None


def start_reading(*, start: datetime, now: datetime) -> str:
    """Return what to keep of a job that began at `start`: a little while ago, mostly."""
    if _process.read is None:
        return ""
    mark = _process.read()
    return str(ClockReading(mark.boot, mark.seconds - max(0.0, (now - start).total_seconds())))


def run_time(*, start: datetime, end: datetime, started: str, now: datetime) -> timedelta:
    """Return how long a job has run that began at `start`, with `started` kept of it, and ended by `now`."""
    mark = parse_reading(started)
    reading = _process.read() if mark is not None and _process.read is not None else None
    return elapsed(start=start, end=end, now=now, mark=mark, reading=reading)


def elapsed(
    *, start: datetime, end: datetime, now: datetime, mark: ClockReading | None, reading: ClockReading | None
) -> timedelta:
    """Return the time between, never less than none: by the marks where both are of one clock. Pure."""
    if mark is None or reading is None or mark.boot != reading.boot:
        return max(timedelta(0), end - start)
    since_end = max(0.0, (now - end).total_seconds())
    return timedelta(seconds=max(0.0, reading.seconds - mark.seconds - since_end))
