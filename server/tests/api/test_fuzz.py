"""A few hundred requests generated from the schema; `make fuzz-api` sends thousands."""

import pytest

from support.budget import budget
from support.fuzzing import fuzz
from support.live_server import live_server_process

pytestmark = [pytest.mark.slow, pytest.mark.soak]
SEED = 20_260_101


def test_fuzzed_requests_match_the_schema() -> None:
    with live_server_process(controller=False) as server:
        found = fuzz(server, examples=budget(1, full=5), seed=SEED)
        log = server.log()
    assert found.passed, found.report
    assert found.cases >= budget(100, full=300)
    assert "Traceback" not in log
