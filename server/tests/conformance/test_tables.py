"""The tables themselves: nothing that a client can do is without a row, and no two rows have one name."""

from urllib.parse import parse_qs, urlsplit

import pytest

from conformance.operations import (
    FILTERS,
    OPEN_TO_ALL,
    OPERATIONS,
    SAYINGS,
    THROUGH_THE_PROXY,
    operation_of,
    refused,
    succeeded,
)
from conformance.rows import Call, Scenario
from conformance.tables import BEYOND, FLOOR

ONLY_REFUSED = {operation for operation in OPERATIONS if operation.endswith("{verb}")}


def rows_of(scenarios: tuple[Scenario, ...]) -> list[Call]:
    return [row for one in scenarios for row in one.rows if isinstance(row, Call)]


@pytest.mark.parametrize("slash", [True, False], ids=["with its slash", "without"])
@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one not in ONLY_REFUSED])
def test_operation_has_a_row_in_which_it_succeeds(operation: str, slash: bool) -> None:  # noqa: FBT001  a parameter
    assert (operation, slash) in succeeded(FLOOR)


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one not in OPEN_TO_ALL])
def test_operation_has_a_row_without_a_token(operation: str) -> None:
    assert operation in refused(FLOOR, 401)


@pytest.mark.parametrize("operation", sorted(ONLY_REFUSED))
def test_unknown_verb_has_a_row(operation: str) -> None:
    assert operation in refused(FLOOR, 400)


@pytest.mark.parametrize("operation", THROUGH_THE_PROXY)
def test_way_to_a_session_has_a_row(operation: str) -> None:
    assert operation in {operation_of(row) for row in rows_of(FLOOR)}


@pytest.mark.parametrize(("operation", "names"), FILTERS.items())
def test_filters_have_rows(operation: str, names: set[str]) -> None:
    asked = [row for row in rows_of(FLOOR) if operation_of(row) == operation and row.status == 200]
    assert names <= {name for row in asked for name in parse_qs(urlsplit(row.ask).query, keep_blank_values=True)}


@pytest.mark.parametrize("text", SAYINGS)
def test_text_has_a_row(text: str) -> None:
    assert text in {row.says for row in rows_of(FLOOR) if isinstance(row.says, str)}


@pytest.mark.parametrize("scenarios", [FLOOR, BEYOND], ids=["floor", "beyond"])
def test_no_two_rows_have_one_name(scenarios: tuple[Scenario, ...]) -> None:
    names = [(one.name, row.name) for one in scenarios for row in one.rows]
    assert sorted(names) == sorted(set(names))


def test_the_floor_needs_no_server_of_ours() -> None:
    """Nothing in it stops the controller, visits a page or knows more than a client can."""
    assert [one.name for one in FLOOR if one.paused] == []
    assert sum(len(one.rows) for one in FLOOR) == len(rows_of(FLOOR))
