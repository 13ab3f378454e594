"""Tickets and cookies: for one session and person, for one purpose, for a while."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from user_workspaces.jobs.tickets import Claim, Purpose, cookie_name, sign, verify

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLAIM = Claim(job_id=7, user_id=3, epoch=2)


@pytest.mark.parametrize(
    ("purpose", "lifetime"), [(Purpose.TICKET, timedelta(minutes=5)), (Purpose.COOKIE, timedelta(days=7))]
)
def test_a_claim_comes_back_until_its_time_is_over(purpose: Purpose, lifetime: timedelta) -> None:
    text = sign(CLAIM, purpose, now=NOW)
    assert verify(text, purpose, job_id=7, now=NOW + lifetime) == CLAIM
    assert verify(text, purpose, job_id=7, now=NOW + lifetime + timedelta(seconds=1)) is None


def test_a_claim_is_for_one_session_and_one_purpose() -> None:
    text = sign(CLAIM, Purpose.TICKET, now=NOW)
    assert verify(text, Purpose.TICKET, job_id=8, now=NOW) is None
    assert verify(text, Purpose.COOKIE, job_id=7, now=NOW) is None


def test_every_changed_character_is_noticed() -> None:
    text = sign(CLAIM, Purpose.TICKET, now=NOW)
    for place in range(len(text)):
        other = "0" if text[place] != "0" else "1"
        changed = text[:place] + other + text[place + 1 :]
        assert verify(changed, Purpose.TICKET, job_id=7, now=NOW) is None


@pytest.mark.parametrize("text", ["", ".", "....", "7.3.2.9999999999.", "a.b.c.d.e", "\0", "\udcff.x", "é" * 5000])
def test_anything_else_is_no_claim(text: str) -> None:
    assert verify(text, Purpose.TICKET, job_id=7, now=NOW) is None


def test_another_installation_signs_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    text = sign(CLAIM, Purpose.COOKIE, now=NOW)
    monkeypatch.setattr(settings, "SECRET_KEY", "another")
    assert verify(text, Purpose.COOKIE, job_id=7, now=NOW) is None


def test_a_cookie_is_named_for_its_session() -> None:
    assert cookie_name(7) == "uws-session-7"
