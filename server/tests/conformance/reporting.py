"""From what came of a row to what pytest says of it."""

import pytest

from conformance.engine import Outcome


def report(outcome: Outcome) -> None:
    """Fail with all problems of the row, or say why it could not be tried."""
    if outcome.skipped:
        pytest.skip(outcome.skipped)
    if outcome.problems:
        pytest.fail("\n".join(outcome.problems), pytrace=False)
