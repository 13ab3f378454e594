"""How many requests one person or address may send in a second, counted in this process; what answers say of it."""

import math
import time
from collections import Counter
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class Rate:
    """What is left of a second."""

    limit: int
    used: int
    resets_at: int
    """RateLimiter since 1970."""
    retry_after: int

    @property
    def is_exceeded(self) -> bool:
        """Whether this was one too many."""
        return self.used > self.limit

    def headers(self) -> dict[str, str]:
        """Return them as REANA sends them."""
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self.used)),
            "X-RateLimit-Reset": str(self.resets_at),
            "Retry-After": str(self.retry_after),
        }


class RateLimiter:
    """Counts by sender; nothing of an earlier second is kept."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._second = 0
        self._counts = Counter[str]()

    def take(self, sender: str, *, limit: int, now: float | None = None) -> Rate:
        """Count one request."""
        moment = time.time() if now is None else now
        second = int(moment)
        with self._lock:
            if second != self._second:
                self._second, self._counts = second, Counter()
            self._counts[sender] += 1
            used = self._counts[sender]
        return Rate(limit, used, second + 1, max(1, math.ceil(second + 1 - moment)))


LIMITER = RateLimiter()
