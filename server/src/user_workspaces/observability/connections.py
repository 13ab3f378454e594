"""Metrics of browser connections, for status and health checks."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

RECENT_SECONDS: Final = 600.0
"""Seconds for which a warning lasts after the last eviction."""
_NEARLY_ALL: Final = 0.9


@dataclass(frozen=True, slots=True)
class ConnectionMetrics:
    """The connections of one web process."""

    open: int
    limit: int
    evicted: int
    """Idle connections that were closed at the limit."""
    refused: int
    """New connections that were rejected at the limit."""
    seconds_since: float = float("inf")
    """Seconds since the last eviction or rejection."""

    @property
    def warning(self) -> str:
        """A warning for operators; empty if there is none."""
        if self.seconds_since < RECENT_SECONDS:
            return "There were too many connections: the longest idle ones were closed. See connections."
        if self.open > self.limit * _NEARLY_ALL:
            return "There are nearly as many connections as this process may have. See connections."
        return ""


@dataclass(slots=True)
class _Process:
    """The source of the metrics; None in a process without a proxy."""

    ask: Callable[[], ConnectionMetrics] | None = None


_process = _Process()


def install(ask: Callable[[], ConnectionMetrics] | None) -> None:
    """Set the source of the process's metrics."""
    _process.ask = ask


def connection_metrics() -> ConnectionMetrics | None:
    """Return the metrics; None in a process without a proxy."""
    return _process.ask() if _process.ask is not None else None
