"""Limits on how often somebody may ask, and what answers say of them."""

from dataclasses import replace

import pytest

from reana_api.conftest import Reana
from user_workspaces import registry
from user_workspaces.reana_api.rates import Seconds
from user_workspaces.registry import Registry

pytestmark = pytest.mark.django_db


def allow(site: Registry, requests: int | None) -> None:
    known = registry.site()
    registry.install(site, replace(known, workflows=replace(known.workflows, requests_per_second=requests)))


def test_counts_begin_anew_each_second() -> None:
    seconds = Seconds()
    first, second, third = (seconds.take("a", limit=2, now=at) for at in (10.1, 10.9, 10.95))
    assert [one.is_exceeded for one in (first, second, third)] == [False, False, True]
    assert not seconds.take("b", limit=2, now=10.99).is_exceeded
    assert third.headers() == {
        "X-RateLimit-Limit": "2",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": "11",
        "Retry-After": "1",
    }
    assert not seconds.take("a", limit=2, now=11.0).is_exceeded


def test_every_answer_says_what_is_left(workflows: Registry, ada: Reana) -> None:
    allow(workflows, 1000)
    for path in ("ping", "you", "workflows/nosuch/logs", "nowhere"):
        headers = ada("GET", path).headers
        assert headers["X-RateLimit-Limit"] == "1000"
        assert int(headers["X-RateLimit-Remaining"]) < 1000
        assert headers["Retry-After"] == "1"


def test_too_many_are_refused_before_anything_is_looked_up(workflows: Registry, nobody: Reana) -> None:
    allow(workflows, 1)
    answers = [nobody("GET", "ping", REMOTE_ADDR="192.0.2.7") for _ in range(50)]
    refused = [one for one in answers if one.status == 429]
    assert refused
    assert refused[0].body == {"message": 'Too many requests in a given amount of time. Only "1 per 1 second" allowed.'}


def test_without_a_limit_nothing_is_said(nobody: Reana) -> None:
    assert "X-RateLimit-Limit" not in nobody("GET", "ping").headers
