"""Who may watch: every way to say who one is, and what ends it while the WebSocket is open."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from support.websocket_client import Subscriber, WebProcess, change, handshake_error, log_in, ticket_for, watch
from user_workspaces.accounts.actions import end_sessions, mint_client_token, mint_token
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.accounts.scopes import Scope

BAD = (401, "Incorrect authentication credentials.")


@pytest.mark.parametrize(
    ("field", "form"),
    [
        ("UWS-Authorization", "Token {}"),
        ("UWS-Authorization", "{}"),
        ("UWS-Authorization", "bearer {}"),
        ("Authorization", "Bearer {}"),
        ("authorization", "Token {}"),
    ],
)
def test_header_opens(server: WebProcess, ada: Subscriber, field: str, form: str) -> None:
    job = ada.job()
    with watch(server, f"/jobs/{job.pk}/", **{field: form.format(ada.token)}) as socket:
        assert socket.next()["status"] == "pending"
        assert socket.connection.subprotocol is None


@pytest.mark.parametrize("value", ["", "Token", "Token x", "Basic eDp5", "Token a b", "uws_" + "x" * 51, "x" * 8000])
def test_header_that_is_not_good_is_refused(server: WebProcess, ada: Subscriber, value: str) -> None:
    assert handshake_error(server, UWS_Authorization=value) == BAD
    assert handshake_error(server, f"/jobs/{ada.job().pk}", UWS_Authorization=value) == BAD


def test_nothing_is_refused_with_the_name_of_the_scheme(server: WebProcess, ada: Subscriber) -> None:
    with pytest.raises(InvalidStatus) as refused, watch(server):
        pass
    assert refused.value.response.headers["WWW-Authenticate"] == 'Token realm="user workspaces"'
    assert refused.value.response.status_code == 401


def test_tokens_of_services_and_of_the_deactivated_are_refused(server: WebProcess, ada: Subscriber) -> None:
    client = mint_client_token(name="portal", now=timezone.now())
    assert handshake_error(server, token=client) == BAD
    User.objects.filter(pk=ada.user.pk).update(is_active=False)
    assert handshake_error(server, token=ada.token) == BAD


def test_expired_token_is_refused(server: WebProcess, ada: Subscriber) -> None:
    old = mint_token(user=ada.user, name="old", now=timezone.now(), lifetime=timedelta(seconds=-1))
    assert handshake_error(server, token=old) == BAD


def test_token_without_the_scope_to_read_is_refused(server: WebProcess, ada: Subscriber) -> None:
    token = mint_token(user=ada.user, name="writes", now=timezone.now(), scopes=[Scope.WORKSPACES, Scope.SESSIONS])
    assert handshake_error(server, token=token) == (403, "This token lacks the scope read. Create a token that has it.")


def test_way_in_is_reported_to_tokens_that_may_open_sessions(server: WebProcess, ada: Subscriber) -> None:
    job, now = ada.job(), timezone.now()
    change(job, status="running", serves=True, datetime_start=now, datetime_ready=now)
    for scopes, is_told in ([Scope.READ], False), ([Scope.READ, Scope.SESSIONS], True):
        token = mint_token(user=ada.user, name="looks", now=now, scopes=scopes)
        with watch(server, f"/jobs/{job.pk}/", **{"UWS-Authorization": token}) as socket:
            assert ("connection_details" in socket.next()["current_job_details"]) is is_told


def test_log_in_to_the_portal_opens_from_its_own_pages(server: WebProcess, ada: Subscriber) -> None:
    job = ada.job()
    with watch(server, f"/jobs/{job.pk}/", Cookie=log_in(ada.user), Origin=server.url) as socket:
        assert socket.next()["status"] == "pending"


@pytest.mark.parametrize("cookie", ["uws-portal=", "uws-portal=abc", "uws-portal=" + "x" * 32, "other=1"])
def test_cookie_that_is_no_log_in_is_refused(server: WebProcess, ada: Subscriber, cookie: str) -> None:
    assert handshake_error(server, Cookie=cookie, Origin=server.url) == BAD


# While it is open


def revoke_the_token(person: Subscriber) -> None:
    ApiToken.objects.filter(user=person.user).delete()


def let_the_token_expire(person: Subscriber) -> None:
    ApiToken.objects.filter(user=person.user).update(expires_at=timezone.now())


def deactivate(person: Subscriber) -> None:
    User.objects.filter(pk=person.user.pk).update(is_active=False)


def log_out(person: Subscriber) -> None:
    end_sessions(user=person.user)


def delete(person: Subscriber) -> None:
    person.user.delete()


ENDS: list[Callable[[Subscriber], None]] = [revoke_the_token, let_the_token_expire, deactivate, log_out, delete]


@pytest.mark.parametrize("end", ENDS)
def test_open_websockets_end_with_what_they_rest_on(
    server: WebProcess, ada: Subscriber, mallory: Subscriber, end: Callable[[Subscriber], None]
) -> None:
    """By header and by ticket; somebody else's stay."""
    ticket = ticket_for(server, ada.token)
    job = mallory.job()
    with (
        watch(server, "/jobs/", ada.token) as by_header,
        watch(server, f"/jobs/?ticket={ticket}") as by_ticket,
        watch(server, "/jobs/", mallory.token) as of_another,
    ):
        of_another.next()
        end(ada)
        assert (by_header.close_code(), by_ticket.close_code()) == (4401, 4401)
        change(job, status="running")
        assert of_another.next()["status"] == "running"


def end_the_log_in(person: Subscriber) -> None:
    Session.objects.all().delete()


def change_the_password(person: Subscriber) -> None:
    person.user.set_password("correct horse battery staple")
    person.user.save()


@pytest.mark.parametrize("end", [end_the_log_in, change_the_password, deactivate, log_out])
def test_open_websockets_of_the_portal_end_with_the_log_in(
    server: WebProcess, ada: Subscriber, end: Callable[[Subscriber], None]
) -> None:
    with watch(server, "/jobs/", Cookie=log_in(ada.user), Origin=server.url) as socket:
        ada.job()
        assert socket.next()["status"] == "pending"
        end(ada)
        assert socket.close_code() == 4401


def test_administrator_who_is_one_no_longer_sees_no_more(
    server: WebProcess, ada: Subscriber, someone: Callable[[str], Subscriber]
) -> None:
    root = someone("root1")
    User.objects.filter(pk=root.user.pk).update(is_superuser=True)
    with watch(server, f"/jobs/{ada.job().pk}/", root.token) as socket, watch(server, "/jobs/", root.token) as own:
        socket.next()
        User.objects.filter(pk=root.user.pk).update(is_superuser=False)
        assert socket.close_code() == 4401
        root.job()
        assert own.next()["status"] == "pending"


def test_no_secret_is_in_the_log(server: WebProcess, ada: Subscriber) -> None:
    ticket, logged = ticket_for(server, ada.token), len(server.log())
    with watch(server, f"/jobs/?ticket={ticket}"):
        pass
    handshake_error(server, f"/jobs/?ticket={ticket}")
    handshake_error(server, f"/nothing/?ticket={ticket}")
    with watch(server, "/jobs/", offered=f"uws-token {ada.token}"):
        pass
    assert server.log()[logged:] == ""
