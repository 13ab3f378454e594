"""Who may watch: every way to say who one is, and what ends it while the WebSocket is open."""

import socket
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.utils import timezone
from websockets.exceptions import InvalidStatus

from at_once import at_once
from user_workspaces.accounts.actions import end_sessions, mint_client_token, mint_token
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.live.models import LiveTicket
from user_workspaces.live.tickets import create_ticket, redeem_ticket
from watching import ORIGIN_OF_A_PORTAL, Person, WebProcess, change, refusal, watch

BAD = (401, "Incorrect authentication credentials.")


def log_in(user: User) -> str:
    """Log somebody in to the portal and return the cookie."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def ticket_for(server: WebProcess, token: str) -> str:
    """Get a ticket as a client does."""
    answer = httpx.post(f"{server.url}/live_tickets/", headers={"UWS-Authorization": f"Token {token}"})
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert (body["success"], body["data"]["expires_in"]) == (True, 30)
    return str(body["data"]["ticket"])


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
def test_header_opens(server: WebProcess, ada: Person, field: str, form: str) -> None:
    job = ada.job()
    with watch(server, f"/jobs/{job.pk}/", **{field: form.format(ada.token)}) as socket:
        assert socket.next()["status"] == "pending"
        assert socket.connection.subprotocol is None


@pytest.mark.parametrize("order", [1, -1])
def test_subprotocol_opens_and_is_not_sent_back(server: WebProcess, ada: Person, order: int) -> None:
    job = ada.job()
    with watch(server, f"/jobs/{job.pk}/", offered=" ".join(("uws-token", ada.token)[::order])) as socket:
        assert socket.connection.subprotocol == "uws-token"
        assert socket.connection.response is not None
        assert ada.token not in str(socket.connection.response.headers)
        assert socket.next()["status"] == "pending"


@pytest.mark.parametrize("offered", ["uws-token", "uws-token a b", "a b", "uws-token x"])
def test_subprotocols_without_a_token_are_refused(server: WebProcess, ada: Person, offered: str) -> None:
    with pytest.raises(InvalidStatus) as refused, watch(server, "/jobs/", offered=offered):
        pass
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize("value", ["", "Token", "Token x", "Basic eDp5", "Token a b", "uws_" + "x" * 51, "x" * 8000])
def test_header_that_is_not_good_is_refused(server: WebProcess, ada: Person, value: str) -> None:
    assert refusal(server, UWS_Authorization=value) == BAD
    assert refusal(server, f"/jobs/{ada.job().pk}", UWS_Authorization=value) == BAD


def test_nothing_is_refused_with_the_name_of_the_scheme(server: WebProcess, ada: Person) -> None:
    with pytest.raises(InvalidStatus) as refused, watch(server):
        pass
    assert refused.value.response.headers["WWW-Authenticate"] == 'Token realm="user workspaces"'
    assert refused.value.response.status_code == 401


def test_tokens_of_services_and_of_the_deactivated_are_refused(server: WebProcess, ada: Person) -> None:
    client = mint_client_token(name="portal", now=timezone.now())
    assert refusal(server, token=client) == BAD
    User.objects.filter(pk=ada.user.pk).update(is_active=False)
    assert refusal(server, token=ada.token) == BAD


def test_expired_token_is_refused(server: WebProcess, ada: Person) -> None:
    old = mint_token(user=ada.user, name="old", now=timezone.now(), lifetime=timedelta(seconds=-1))
    assert refusal(server, token=old) == BAD


def test_ticket_opens_once(server: WebProcess, second_server: WebProcess, ada: Person) -> None:
    job = ada.job()
    ticket = ticket_for(server, ada.token)
    with watch(second_server, f"/jobs/{job.pk}/?ticket={ticket}", Origin=ORIGIN_OF_A_PORTAL) as socket:
        assert socket.next()["status"] == "pending"
    assert refusal(server, f"/jobs/{job.pk}/?ticket={ticket}") == BAD
    assert refusal(second_server, f"/jobs/{job.pk}/?ticket={ticket}") == BAD


def test_ticket_needs_a_token(server: WebProcess, ada: Person) -> None:
    for headers in ({}, {"UWS-Authorization": "Token x"}, {"Cookie": log_in(ada.user)}):
        answer = httpx.post(f"{server.url}/live_tickets", headers=headers)
        assert (answer.status_code, answer.json()["success"]) == (401, False)
    assert httpx.get(f"{server.url}/live_tickets/", headers={"UWS-Authorization": ada.token}).status_code == 405


def test_ticket_is_kept_as_a_digest_and_is_no_token(server: WebProcess, ada: Person) -> None:
    ticket = ticket_for(server, ada.token)
    row = LiveTicket.objects.get()
    assert ticket not in str(vars(row))
    assert refusal(server, token=ticket) == BAD
    assert refusal(server, f"/jobs/?ticket={ada.token}") == BAD


@pytest.mark.django_db(transaction=True)
def test_ticket_used_by_many_at_once_is_used_once(ada: Person) -> None:
    now = timezone.now()
    ticket = create_ticket(token=ApiToken.objects.get(user=ada.user), now=now)
    found = at_once(8, lambda: redeem_ticket(ticket, now=now))
    assert [token.user_id for token in found if token] == [ada.user.pk]


def test_ticket_dies_of_age_log_out_and_with_its_token(ada: Person) -> None:
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
def test_text_that_is_no_ticket_opens_nothing(ada: Person, text: str) -> None:
    assert redeem_ticket(text, now=timezone.now()) is None


def test_log_in_to_the_portal_opens_from_its_own_pages(server: WebProcess, ada: Person) -> None:
    job = ada.job()
    with watch(server, f"/jobs/{job.pk}/", Cookie=log_in(ada.user), Origin=server.url) as socket:
        assert socket.next()["status"] == "pending"


@pytest.mark.parametrize("cookie", ["uws-portal=", "uws-portal=abc", "uws-portal=" + "x" * 32, "other=1"])
def test_cookie_that_is_no_log_in_is_refused(server: WebProcess, ada: Person, cookie: str) -> None:
    assert refusal(server, Cookie=cookie, Origin=server.url) == BAD


def test_cookie_without_an_origin_is_refused(server: WebProcess, ada: Person) -> None:
    assert refusal(server, Cookie=log_in(ada.user)) == BAD


def test_cookie_from_a_page_of_another_origin_is_refused(server: WebProcess, ada: Person) -> None:
    cookie = log_in(ada.user)
    assert refusal(server, Cookie=cookie, Origin=ORIGIN_OF_A_PORTAL) == BAD
    assert refusal(server, Cookie=cookie, Origin="https://evil.example")[0] == 403


@pytest.mark.parametrize("header", ["", "Token {}"])
@pytest.mark.parametrize("origin", ["http://s12.localhost:{}", "http://S12.LOCALHOST.:{}", "http://a.s1.localhost:{}"])
def test_page_of_a_session_is_refused(server: WebProcess, ada: Person, origin: str, header: str) -> None:
    fields = {"UWS-Authorization": header.format(ada.token)} if header else {}
    found = refusal(server, Cookie=log_in(ada.user), Origin=origin.format(server.port), **fields)
    assert found == (403, "Sessions may not ask here.")


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example",
        "null",
        "http://localhost",
        "http://localhost:1",
        "file://",
        "",
        "http://127.0.0.1:{}",
        "x",
    ],
)
def test_forged_origin_is_refused_with_the_best_of_tokens(server: WebProcess, ada: Person, origin: str) -> None:
    assert refusal(server, token=ada.token, Origin=origin.format(server.port))[0] == 403


@pytest.mark.parametrize("origin", ["http://localhost:{}", ORIGIN_OF_A_PORTAL])
def test_own_and_configured_origins_may_ask(server: WebProcess, ada: Person, origin: str) -> None:
    job = ada.job()
    with watch(server, f"/jobs/{job.pk}", ada.token, Origin=origin.format(server.port)) as socket:
        assert socket.next()["status"] == "pending"


def raw_status(server: WebProcess, token: str, host: str) -> int:
    """Return the status of a handshake with that host: the client library names its own."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        lines = [
            "GET /jobs/ HTTP/1.1",
            f"Host: {host}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            f"UWS-Authorization: {token}",
            "",
            "",
        ]
        connection.sendall("\r\n".join(lines).encode())
        return int(connection.recv(4096).split(b" ")[1])


def test_host_of_a_session_or_of_nobody_is_refused(server: WebProcess, ada: Person) -> None:
    hosts = [f"localhost:{server.port}", "s12.localhost", "x.s12.localhost:80", "evil.example", "a_b", "[::1]"]
    assert [raw_status(server, ada.token, host) for host in hosts] == [101, 404, 404, 404, 404, 101]


# While it is open


def revoke_the_token(person: Person) -> None:
    ApiToken.objects.filter(user=person.user).delete()


def let_the_token_expire(person: Person) -> None:
    ApiToken.objects.filter(user=person.user).update(expires_at=timezone.now())


def deactivate(person: Person) -> None:
    User.objects.filter(pk=person.user.pk).update(is_active=False)


def log_out(person: Person) -> None:
    end_sessions(user=person.user)


def delete(person: Person) -> None:
    person.user.delete()


ENDS: list[Callable[[Person], None]] = [revoke_the_token, let_the_token_expire, deactivate, log_out, delete]


@pytest.mark.parametrize("end", ENDS)
def test_open_websockets_end_with_what_they_rest_on(
    server: WebProcess, ada: Person, mallory: Person, end: Callable[[Person], None]
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


def end_the_log_in(person: Person) -> None:
    Session.objects.all().delete()


def change_the_password(person: Person) -> None:
    person.user.set_password("correct horse battery staple")
    person.user.save()


@pytest.mark.parametrize("end", [end_the_log_in, change_the_password, deactivate, log_out])
def test_open_websockets_of_the_portal_end_with_the_log_in(
    server: WebProcess, ada: Person, end: Callable[[Person], None]
) -> None:
    with watch(server, "/jobs/", Cookie=log_in(ada.user), Origin=server.url) as socket:
        ada.job()
        assert socket.next()["status"] == "pending"
        end(ada)
        assert socket.close_code() == 4401


def test_administrator_who_is_one_no_longer_sees_no_more(
    server: WebProcess, ada: Person, someone: Callable[[str], Person]
) -> None:
    root = someone("root1")
    User.objects.filter(pk=root.user.pk).update(is_superuser=True)
    with watch(server, f"/jobs/{ada.job().pk}/", root.token) as socket, watch(server, "/jobs/", root.token) as own:
        socket.next()
        User.objects.filter(pk=root.user.pk).update(is_superuser=False)
        assert socket.close_code() == 4401
        root.job()
        assert own.next()["status"] == "pending"


def test_no_secret_is_in_the_log(server: WebProcess, ada: Person) -> None:
    ticket = ticket_for(server, ada.token)
    with watch(server, f"/jobs/?ticket={ticket}"):
        pass
    refusal(server, f"/jobs/?ticket={ticket}")
    refusal(server, f"/nothing/?ticket={ticket}")
    with watch(server, "/jobs/", offered=f"uws-token {ada.token}"):
        pass
    log = server.log()
    assert [text for text in (ticket, ada.token, "ticket=", "uws_", "Traceback") if text in log] == []
