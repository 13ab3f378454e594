"""Waits end with the condition or at the limit, which a variable sets."""

import pytest

from user_workspaces.testing.waiting import LIMIT_SECONDS, default_limit, eventually


def test_limit_is_fifteen_seconds_or_that_of_the_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("UWS_TEST_LIMIT")
    assert default_limit() == LIMIT_SECONDS == 15
    monkeypatch.setenv("UWS_TEST_LIMIT", "300")
    assert default_limit() == 300


def test_wait_returns_the_first_true_result() -> None:
    results = iter([None, "", 0, "found"])
    assert eventually(lambda: next(results)) == "found"


def test_wait_fails_at_the_limit_with_the_last_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UWS_TEST_LIMIT", "0.05")
    with pytest.raises(AssertionError, match=r"not within 0\.05 s; the last result was \[\]"):
        eventually(list)
