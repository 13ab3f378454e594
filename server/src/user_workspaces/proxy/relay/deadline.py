"""A timeout that is moved with every request and rarely reached."""

import asyncio
from collections.abc import Callable
from math import inf
from typing import Final

_TICKS: Final = 4


class Deadline:
    """Calls `expired`, at most a quarter of `shortest` (seconds) late. To move it costs an assignment, not a timer."""

    __slots__ = ("_at", "_expired", "_handle", "_loop", "_tick")

    def __init__(self, loop: asyncio.AbstractEventLoop, *, shortest: float, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._tick = shortest / _TICKS
        self._expired = expired
        self._at = inf
        self._handle = loop.call_later(self._tick, self._check)

    def expire_in(self, seconds: float) -> None:
        """Set the deadline to `seconds` from now."""
        self._at = self._loop.time() + seconds

    @property
    def at(self) -> float:
        """The deadline by the clock of the event loop."""
        return self._at

    def clear(self) -> None:
        """Remove the deadline."""
        self._at = inf

    def stop(self) -> None:
        """Stop the timer for good."""
        self._handle.cancel()

    def _check(self) -> None:
        # The timer is set again before `expired`, so that `stop` in it cancels the timer.
        self._handle = self._loop.call_later(self._tick, self._check)
        if self._loop.time() >= self._at:
            self._at = inf
            self._expired()
