"""Limit the requests per second of a user or client address, counted per process, and return REANA's headers."""

import math
import time
from collections import Counter
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class Rate:
    """The usage of the current second."""

    limit: int
    used: int
    resets_at: int
    """POSIX seconds."""
    retry_after: int

    @property
    def is_exceeded(self) -> bool:
        """True if this request exceeded the limit."""
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """Return the headers that REANA sends."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "X-RateLimit-Reset": str(self.resets_at),
            "Retry-After": str(self.retry_after),
        }


class RateLimiter:
    """Counts requests by key in the current second; earlier counts are dropped."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._second = 0
        self._counts = Counter[str]()

    def consume(self, key: str, *, limit: int, now: float | None = None) -> Rate:
        """Count one request of a user or a client address."""
        # The time of day instead of the monotonic clock: clients get the reset time in POSIX seconds.
        at = time.time() if now is None else now
        second = int(at)
        with self._lock:  # views run in several threads
            if second != self._second:
                # Dropping all counts at once bounds the memory by the clients of one second.
                self._second, self._counts = second, Counter()
            self._counts[key] += 1
            used = self._counts[key]
        return Rate(limit, used, second + 1, max(1, math.ceil(second + 1 - at)))


# In memory, because a row for each request would need SQLite's one write lock for every poll.
LIMITER = RateLimiter()
