"""What clients rely on, of any server that calls itself a User Workspaces Server."""

import pytest

from conformance.engine import Walker
from conformance.reporting import report
from conformance.rows import Row, Scenario, parameters
from conformance.tables import FLOOR

pytestmark = [pytest.mark.slow, pytest.mark.data]


@pytest.mark.parametrize(("scenario", "row"), parameters(FLOOR))
def test_floor(walk: Walker, scenario: Scenario, row: Row) -> None:
    report(walk.outcome(scenario, row))
