"""The extent of long tests: reduced in `make test`, complete in `make test-all`."""

import os
from typing import Any

import pytest

IS_FULL = os.environ.get("UWS_TEST_BUDGET") == "full"


def budget(short: int, *, full: int) -> int:
    """Return the number of kills, runs or examples that this run of the tests can afford."""
    return full if IS_FULL else short


def first_of(first: str, *others: str) -> list[Any]:
    """Return the values of a parameter, of which `make test` uses only the first."""
    return [first, *(pytest.param(one, marks=pytest.mark.soak) for one in others)]
