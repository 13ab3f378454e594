"""Waits for events on other threads, with a timeout."""

import threading
from collections.abc import Callable

import pytest

PATIENCE = 60.0
"""Seconds after which a test gives up on a condition."""


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Wait until a condition holds."""
    clock = threading.Event()
    for _ in range(int(PATIENCE / 0.005)):
        if condition():
            return
        clock.wait(0.005)
    pytest.fail(f"timed out: {what}")
