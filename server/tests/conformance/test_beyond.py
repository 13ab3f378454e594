"""What our own server does beyond that, and its portal's pages; only against a server that is started here."""

import pytest

from conformance.engine import Walker
from conformance.reporting import report
from conformance.rows import Row, Scenario, parameters
from conformance.tables import BEYOND

pytestmark = [pytest.mark.slow, pytest.mark.data]


@pytest.mark.parametrize(("scenario", "row"), parameters(BEYOND))
def test_beyond(walk: Walker, scenario: Scenario, row: Row) -> None:
    if walk.target.own is None:
        pytest.skip("UWS_CONFORMANCE_URL names another server: this is tried on one that is started here")
    report(walk.outcome(scenario, row))
