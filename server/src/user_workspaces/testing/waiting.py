"""Waits for a condition up to a limit, in place of fixed sleeps."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")

LIMIT_SECONDS = 15.0
"""Enough for a plug-in that works on one machine; `UWS_TEST_LIMIT` sets another limit, for a batch system."""
SHORTEST_PAUSE, LONGEST_PAUSE = 0.01, 0.25
LARGEST_DELAY = 0.1
"""The next pause as a share of the time waited so far: parallel waits leave the processor to others."""


def default_limit() -> float:
    """Return the limit of a wait in seconds: the variable `UWS_TEST_LIMIT`, or `LIMIT_SECONDS`."""
    return float(os.environ.get("UWS_TEST_LIMIT") or LIMIT_SECONDS)


def eventually(condition: Callable[[], Result | None], *, limit_seconds: float | None = None) -> Result:
    """Call the condition until its result is true, and return it; fail with the last result at the limit.

    None: the limit is that of `default_limit`.
    """
    limit = default_limit() if limit_seconds is None else limit_seconds
    started = time.monotonic()
    while not (result := condition()):
        waited = time.monotonic() - started
        assert waited < limit, f"not within {limit} s; the last result was {result!r}"
        time.sleep(min(max(waited * LARGEST_DELAY, SHORTEST_PAUSE), LONGEST_PAUSE))
    return result
