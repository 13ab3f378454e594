"""How much a test tries: a short form in `make test`, and all of it in `make test-all`."""

import os

IS_FULL = os.environ.get("UWS_TEST_BUDGET") == "full"


def budget(short: int, *, full: int) -> int:
    """Return the number of kills, runs or examples that this run of the tests can afford."""
    return full if IS_FULL else short
