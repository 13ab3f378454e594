"""Waiting for a condition with a limit, instead of sleeping and hoping."""

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

LIMIT_SECONDS = 120.0
PAUSE_SECONDS = 0.01


def eventually(question: Callable[[], Answer | None], *, limit_seconds: float = LIMIT_SECONDS) -> Answer:
    """Ask until the answer is true, and return it; fails with the last answer when the limit is over."""
    deadline = time.monotonic() + limit_seconds
    while not (response := question()):
        assert time.monotonic() < deadline, f"not within {limit_seconds} s; the last answer was {response!r}"
        time.sleep(PAUSE_SECONDS)
    return response
