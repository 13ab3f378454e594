"""One-time tickets: one use, half a minute, and no longer than what they were got with."""

from datetime import timedelta

import httpx
import pytest
from django.utils import timezone

from support.concurrency import at_once
from support.websocket_client import (
    ORIGIN_OF_A_PORTAL,
    Subscriber,
    WebProcess,
    handshake_error,
    log_in,
    ticket_for,
    watch,
)
from user_workspaces.accounts.actions import end_sessions
from user_workspaces.accounts.models import ApiToken, LiveTicket
from user_workspaces.accounts.websocket_tickets import create_ticket, redeem_ticket

BAD = (401, "Incorrect authentication credentials.")


def test_ticket_opens_once(server: WebProcess, second_server: WebProcess, ada: Subscriber) -> None:
    job = ada.job()
    ticket = ticket_for(server, ada.token)
    with watch(second_server, f"/jobs/{job.pk}/?ticket={ticket}", Origin=ORIGIN_OF_A_PORTAL) as socket:
        assert socket.next()["status"] == "pending"
    assert handshake_error(server, f"/jobs/{job.pk}/?ticket={ticket}") == BAD
    assert handshake_error(second_server, f"/jobs/{job.pk}/?ticket={ticket}") == BAD


def test_ticket_needs_a_token(server: WebProcess, ada: Subscriber) -> None:
    for headers in ({}, {"UWS-Authorization": "Token x"}, {"Cookie": log_in(ada.user)}):
        response = httpx.post(f"{server.url}/live_tickets", headers=headers)
        assert (response.status_code, response.json()["success"]) == (401, False)
    assert httpx.get(f"{server.url}/live_tickets/", headers={"UWS-Authorization": ada.token}).status_code == 405


def test_ticket_is_kept_as_a_digest_and_is_no_token(server: WebProcess, ada: Subscriber) -> None:
    ticket = ticket_for(server, ada.token)
    row = LiveTicket.objects.get()
    assert ticket not in str(vars(row))
    assert handshake_error(server, token=ticket) == BAD
    assert handshake_error(server, f"/jobs/?ticket={ada.token}") == BAD


@pytest.mark.django_db(transaction=True)
def test_ticket_used_by_many_at_once_is_used_once(ada: Subscriber) -> None:
    now = timezone.now()
    ticket = create_ticket(token=ApiToken.objects.get(user=ada.user), now=now)
    found = at_once(8, lambda: redeem_ticket(ticket, now=now))
    assert [token.user_id for token in found if token] == [ada.user.pk]


def test_ticket_dies_of_age_log_out_and_with_its_token(ada: Subscriber) -> None:
    now = timezone.now()
    token = ApiToken.objects.get(user=ada.user)
    old = create_ticket(token=token, now=now)
    assert redeem_ticket(old, now=now + timedelta(seconds=31)) is None
    create_ticket(token=token, now=now + timedelta(seconds=60))
    assert LiveTicket.objects.count() == 1
    before_log_out = create_ticket(token=token, now=now)
    end_sessions(user=ada.user)
    assert redeem_ticket(before_log_out, now=now) is None
    token.refresh_from_db()
    create_ticket(token=ApiToken.objects.get(pk=token.pk), now=now)
    token.delete()
    assert LiveTicket.objects.count() == 0


@pytest.mark.parametrize("text", ["", "x", "uws_", "\x00", "ä" * 30])
def test_text_that_is_no_ticket_opens_nothing(ada: Subscriber, text: str) -> None:
    assert redeem_ticket(text, now=timezone.now()) is None
