"""Limits on how often somebody may ask, and what answers say of them."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from reana_api.conftest import Reana
from user_workspaces import registry
from user_workspaces.reana_api.rate_limit import RateLimiter
from user_workspaces.registry import Registry

pytestmark = pytest.mark.django_db


def allow(site: Registry, requests: int | None) -> None:
    known = registry.site()
    registry.install(site, replace(known, workflows=replace(known.workflows, requests_per_second=requests)))


def test_counts_begin_anew_each_second() -> None:
    seconds = RateLimiter()
    first, second, third = (seconds.consume("a", limit=2, now=at) for at in (10.1, 10.9, 10.95))
    assert [one.is_exceeded for one in (first, second, third)] == [False, False, True]
    assert not seconds.consume("b", limit=2, now=10.99).is_exceeded
    assert third.headers() == {
        "X-RateLimit-Limit": "2",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "11",
        "Retry-After": "1",
    }
    assert not seconds.consume("a", limit=2, now=11.0).is_exceeded


def test_every_answer_says_what_is_left(workflows: Registry, ada: Reana) -> None:
    allow(workflows, 1000)
    for path in ("ping", "you", "workflows/nosuch/logs", "nowhere"):
        headers = ada("GET", path).headers
        assert headers["X-RateLimit-Limit"] == "1000"
        assert int(headers["X-RateLimit-Remaining"]) < 1000
        assert headers["Retry-After"] == "1"


@pytest.fixture
def in_one_second(monkeypatch: pytest.MonkeyPatch, workflows: Registry) -> None:
    """Two requests a second, and no second goes by."""
    allow(workflows, 2)
    monkeypatch.setattr("user_workspaces.reana_api.view.LIMITER", RateLimiter())
    monkeypatch.setattr("user_workspaces.reana_api.rate_limit.time", SimpleNamespace(time=lambda: 100.5))


REFUSED = {"message": 'Too many requests in a given amount of time. Only "2 per 1 second" allowed.'}


@pytest.mark.usefixtures("in_one_second")
def test_too_many_are_refused_before_anything_is_looked_up(nobody: Reana) -> None:
    responses = [nobody("GET", path, REMOTE_ADDR="192.0.2.7") for path in ("ping", "nowhere", "ping", "you")]
    assert [one.status for one in responses] == [200, 404, 429, 429]
    assert responses[-1].body == REFUSED


@pytest.mark.usefixtures("in_one_second")
def test_people_of_one_address_do_not_take_from_each_other(ada: Reana, mallory: Reana, nobody: Reana) -> None:
    assert [ada("GET", "you").status for _ in range(3)] == [200, 200, 429]
    assert [ada("GET", "workflows", REMOTE_ADDR="192.0.2.8").status for _ in range(2)] == [429, 429]
    assert [mallory("GET", "you").status for _ in range(3)] == [200, 200, 429]
    assert [nobody("GET", "ping").status for _ in range(3)] == [200, 200, 429]


@pytest.mark.usefixtures("in_one_second")
def test_tokens_that_are_none_count_together(nobody: Reana) -> None:
    tokens = [f"Bearer {number}" for number in range(3)]
    assert [nobody("GET", "you", headers={"Authorization": one}).status for one in tokens] == [403, 403, 429]


def test_without_a_limit_nothing_is_said(nobody: Reana) -> None:
    assert "X-RateLimit-Limit" not in nobody("GET", "ping").headers
