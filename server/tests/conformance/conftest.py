"""One server and one walk through the tables for all of these tests."""

from collections.abc import Iterator

import pytest

from conformance.engine import Walker, walker
from conformance.target import target


@pytest.fixture(scope="session")
def walk() -> Iterator[Walker]:
    """The server, with three people who have signed in."""
    with target() as found, walker(found) as walking:
        yield walking
