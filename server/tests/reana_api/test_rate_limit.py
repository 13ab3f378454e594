"""The rate limit of requests, and its headers."""

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


def test_counts_restart_each_second() -> None:
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


def test_every_response_has_rate_limit_headers(workflows: Registry, ada: Reana) -> None:
    allow(workflows, 1000)
    for path in ("ping", "you", "workflows/nosuch/logs", "nowhere"):
        headers = ada("GET", path).headers
        assert headers["X-RateLimit-Limit"] == "1000"
        assert int(headers["X-RateLimit-Remaining"]) < 1000
        assert headers["Retry-After"] == "1"


@pytest.fixture
def in_one_second(monkeypatch: pytest.MonkeyPatch, workflows: Registry) -> None:
    """Allow two requests per second, and stop the clock."""
    allow(workflows, 2)
    monkeypatch.setattr("user_workspaces.reana_api.view.LIMITER", RateLimiter())
    monkeypatch.setattr("user_workspaces.reana_api.rate_limit.time", SimpleNamespace(time=lambda: 100.5))


REFUSED = {"message": 'Too many requests in a given amount of time. Only "2 per 1 second" allowed.'}


@pytest.mark.usefixtures("in_one_second")
def test_excess_requests_are_rejected_before_any_query(anonymous: Reana) -> None:
    responses = [anonymous("GET", path, REMOTE_ADDR="192.0.2.7") for path in ("ping", "nowhere", "ping", "you")]
    assert [one.status for one in responses] == [200, 404, 429, 429]
    assert responses[-1].body == REFUSED


@pytest.mark.usefixtures("in_one_second")
def test_users_at_one_address_have_own_limits(ada: Reana, mallory: Reana, anonymous: Reana) -> None:
    assert [ada("GET", "you").status for _ in range(3)] == [200, 200, 429]
    assert [ada("GET", "workflows", REMOTE_ADDR="192.0.2.8").status for _ in range(2)] == [429, 429]
    assert [mallory("GET", "you").status for _ in range(3)] == [200, 200, 429]
    assert [anonymous("GET", "ping").status for _ in range(3)] == [200, 200, 429]


@pytest.mark.usefixtures("in_one_second")
def test_invalid_tokens_share_limit_of_address(anonymous: Reana) -> None:
    tokens = [f"Bearer {number}" for number in range(3)]
    assert [anonymous("GET", "you", headers={"Authorization": one}).status for one in tokens] == [403, 403, 429]


def test_without_limit_no_headers_are_sent(anonymous: Reana) -> None:
    assert "X-RateLimit-Limit" not in anonymous("GET", "ping").headers
