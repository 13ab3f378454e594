"""The figures of the connections of browsers, for those who ask how the server is doing."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

RECENT_SECONDS: Final = 600.0
"""For which a warning is told after the last connection was closed."""
_NEARLY_ALL: Final = 0.9


@dataclass(frozen=True, slots=True)
class ConnectionMetrics:
    """The connections of one web process."""

    open: int
    limit: int
    evicted: int
    """Idle ones that were closed because there were too many."""
    refused: int
    """New ones for which there was no place."""
    seconds_since: float = float("inf")
    """Since the last one was evicted or refused."""

    @property
    def warning(self) -> str:
        """What operators have to know; empty when all is well."""
        if self.seconds_since < RECENT_SECONDS:
            return "There were too many connections: the longest idle ones were closed. See connections."
        if self.open > self.limit * _NEARLY_ALL:
            return "There are nearly as many connections as this process may have. See connections."
        return ""


@dataclass(slots=True)
class _Process:
    """What this process knows; one without a proxy has no connections."""

    ask: Callable[[], ConnectionMetrics] | None = None


_process = _Process()


def install(ask: Callable[[], ConnectionMetrics] | None) -> None:
    """Make these the figures of the process."""
    _process.ask = ask


def connection_metrics() -> ConnectionMetrics | None:
    """Return the figures; None in a process that serves no browsers."""
    return _process.ask() if _process.ask is not None else None
