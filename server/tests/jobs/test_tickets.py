"""Tickets and cookies are valid for one session, one user and one purpose, for a limited time."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings

from user_workspaces.jobs import tickets
from user_workspaces.jobs.tickets import Purpose, SessionEntry, TicketClaims, browser_hash, cookie_name, sign, verify
from user_workspaces.jobs.used_tickets import use_once

NOW = datetime(2026, 1, 1, tzinfo=UTC)
CLAIM = TicketClaims(job_id=7, user_id=3, epoch=2)


@pytest.mark.parametrize(
    ("purpose", "lifetime"), [(Purpose.TICKET, timedelta(minutes=5)), (Purpose.COOKIE, timedelta(days=7))]
)
def test_claim_is_valid_until_it_expires(purpose: Purpose, lifetime: timedelta) -> None:
    text = sign(CLAIM, purpose, now=NOW)
    found = verify(text, purpose, job_id=7, now=NOW + lifetime)
    assert found == CLAIM
    assert found.expires_at == (NOW + lifetime).timestamp()
    assert verify(text, purpose, job_id=7, now=NOW + lifetime + timedelta(seconds=1)) is None


def test_claim_is_valid_for_one_session_and_one_purpose() -> None:
    text = sign(CLAIM, Purpose.TICKET, now=NOW)
    assert verify(text, Purpose.TICKET, job_id=8, now=NOW) is None
    assert verify(text, Purpose.COOKIE, job_id=7, now=NOW) is None


def test_every_changed_character_is_detected() -> None:
    text = sign(CLAIM, Purpose.TICKET, now=NOW)
    for location in range(len(text)):
        other = "0" if text[location] != "0" else "1"
        changed = text[:location] + other + text[location + 1 :]
        assert verify(changed, Purpose.TICKET, job_id=7, now=NOW) is None


FORGED = ["", ".", "....", "7.3.2.9999999999.", "a.b.c.d.e", "a:b:c", "\0", "\udcff.x", "\udcff:x:y", "é" * 5000]


@pytest.mark.parametrize("text", FORGED)
def test_forged_text_is_no_claim(text: str) -> None:
    assert verify(text, Purpose.TICKET, job_id=7, now=NOW) is None
    assert tickets.read_entry(text, job_id=7) is None
    assert tickets.read_start(text, job_id=7) is None


def test_secret_key_of_another_installation_is_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    text = sign(CLAIM, Purpose.COOKIE, now=NOW)
    monkeypatch.setattr(settings, "SECRET_KEY", "another")
    assert verify(text, Purpose.COOKIE, job_id=7, now=NOW) is None


def test_cookie_is_named_after_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cookie_name(7) == "uws-session-7"
    monkeypatch.setattr(settings, "OWN_COOKIE_PREFIX", "__Host-uws-")
    assert (cookie_name(7), tickets.browser_cookie_name(7)) == ("__Host-uws-session-7", "__Host-uws-browser-7")


def test_two_tickets_signed_at_the_same_time_differ() -> None:
    assert sign(CLAIM, Purpose.TICKET, now=NOW) != sign(CLAIM, Purpose.TICKET, now=NOW)


def test_entry_names_user_session_and_browser() -> None:
    browser = browser_hash(tickets.new_browser_secret())
    text = tickets.sign_entry(CLAIM, browser=browser)
    entry = tickets.read_entry(text, job_id=7)
    assert entry == SessionEntry(7, 3, 2, browser)
    assert entry.claim == CLAIM
    assert tickets.read_entry(text, job_id=8) is None
    assert text != tickets.sign_entry(CLAIM, browser=browser)


def test_start_names_the_portal() -> None:
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


def test_no_kind_of_ticket_is_accepted_as_another() -> None:
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
def test_ticket_is_used_once() -> None:
    text = sign(CLAIM, Purpose.TICKET, now=NOW)
    assert [use_once(text) for _ in range(3)] == [True, False, False]
    assert use_once(sign(CLAIM, Purpose.TICKET, now=NOW))
