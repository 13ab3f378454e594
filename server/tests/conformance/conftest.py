"""One server and one walk through the tables for all of these tests."""

from collections.abc import Iterator

import pytest

from conformance.engine import Walker, walker
from conformance.rows import Scenario
from conformance.target import target


@pytest.fixture(scope="session")
def walk(request: pytest.FixtureRequest) -> Iterator[Walker]:
    """The server, with three people who have signed in; it has to end without a trace of an error in its logs."""
    with target() as found:
        with walker(found) as walking:
            walking.begin(one for one in _selected(request.session.items).values() if one.slow)
            yield walking
        assert found.complaints(walking.memory) == []


def _selected(items: list[pytest.Item]) -> dict[str, Scenario]:
    """Return the scenarios of which any row is to be tried."""
    calls = (getattr(item, "callspec", None) for item in items)
    found = [call.params["scenario"] for call in calls if call and "scenario" in call.params]
    return {one.name: one for one in found if isinstance(one, Scenario)}
