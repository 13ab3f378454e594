"""Tickets and cookies: for one session and person, for one purpose, for a while."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from user_workspaces.jobs import tickets
from user_workspaces.jobs.tickets import Entry, Purpose, TicketClaims, browser_hash, cookie_name, sign, verify
from user_workspaces.jobs.used_tickets import use_once

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLAIM = TicketClaims(job_id=7, user_id=3, epoch=2)


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
    for location in range(len(text)):
        other = "0" if text[location] != "0" else "1"
        changed = text[:location] + other + text[location + 1 :]
        assert verify(changed, Purpose.TICKET, job_id=7, now=NOW) is None


@pytest.mark.parametrize("text", ["", ".", "....", "7.3.2.9999999999.", "a.b.c.d.e", "\0", "\udcff.x", "é" * 5000])
def test_anything_else_is_no_claim(text: str) -> None:
    assert verify(text, Purpose.TICKET, job_id=7, now=NOW) is None


def test_another_installation_signs_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    text = sign(CLAIM, Purpose.COOKIE, now=NOW)
    monkeypatch.setattr(settings, "SECRET_KEY", "another")
    assert verify(text, Purpose.COOKIE, job_id=7, now=NOW) is None


def test_a_cookie_is_named_for_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cookie_name(7) == "uws-session-7"
    monkeypatch.setattr(settings, "OWN_COOKIE_PREFIX", "__Host-uws-")
    assert (cookie_name(7), tickets.browser_cookie_name(7)) == ("__Host-uws-session-7", "__Host-uws-browser-7")


def test_two_tickets_of_one_moment_differ() -> None:
    assert sign(CLAIM, Purpose.TICKET, now=NOW) != sign(CLAIM, Purpose.TICKET, now=NOW)


def test_an_entry_says_whom_it_lets_in_and_with_which_browser() -> None:
    browser = browser_hash(tickets.new_browser_secret())
    text = tickets.sign_entry(CLAIM, browser=browser)
    entry = tickets.read_entry(text, job_id=7)
    assert entry == Entry(7, 3, 2, browser)
    assert entry.claim == CLAIM
    assert tickets.read_entry(text, job_id=8) is None
    assert text != tickets.sign_entry(CLAIM, browser=browser)


def test_a_start_says_which_portal_to_ask() -> None:
    text = tickets.sign_start(job_id=7, portal="http://10.1.2.3:8000")
    assert tickets.read_start(text, job_id=7) == "http://10.1.2.3:8000"
    assert tickets.read_start(text, job_id=8) is None


def test_entry_and_start_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    entry, start = tickets.sign_entry(CLAIM, browser="0" * 64), tickets.sign_start(job_id=7, portal="http://x")
    now = time.time()
    later = now + 61
    monkeypatch.setattr(time, "time", lambda: later)
    assert tickets.read_entry(entry, job_id=7) is None
    assert tickets.read_start(start, job_id=7) == "http://x"
    monkeypatch.setattr(time, "time", lambda: later + 600)
    assert tickets.read_start(start, job_id=7) is None


def test_no_kind_of_ticket_is_taken_for_another() -> None:
    kinds = {
        "ticket": sign(CLAIM, Purpose.TICKET, now=NOW),
        "cookie": sign(CLAIM, Purpose.COOKIE, now=NOW),
        "entry": tickets.sign_entry(CLAIM, browser="0" * 64),
        "start": tickets.sign_start(job_id=7, portal="http://x"),
    }
    readers: dict[str, Callable[[str], object]] = {
        "ticket": lambda text: verify(text, Purpose.TICKET, job_id=7, now=NOW),
        "cookie": lambda text: verify(text, Purpose.COOKIE, job_id=7, now=NOW),
        "entry": lambda text: tickets.read_entry(text, job_id=7),
        "start": lambda text: tickets.read_start(text, job_id=7),
    }
    for name, text in kinds.items():
        assert [reader for reader, read in readers.items() if read(text) is not None] == [name]


@pytest.mark.django_db
def test_a_ticket_is_used_once() -> None:
    text = sign(CLAIM, Purpose.TICKET, now=NOW)
    assert [use_once(text) for _ in range(3)] == [True, False, False]
    assert use_once(sign(CLAIM, Purpose.TICKET, now=NOW))
