"""A limit of CPU time, which fails tests of code whose work grows with the square of its input."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def cpu_limit(seconds: float = 30.0) -> Iterator[None]:
    """Raise an AssertionError in the block after this number of seconds of CPU time of this process.

    Time in which other processes have the processor does not count, so a busy machine fails no test.
    """

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"more than {seconds} s of CPU time")

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
