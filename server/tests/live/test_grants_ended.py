"""Rights that end while somebody watches, and what the log must not know."""

from collections.abc import Callable

import httpx

from user_workspaces.accounts.models import User
from watching import Person, WebProcess, refusal, watch

BAD = (401, "Incorrect authentication credentials.")


def ticket_for(server: WebProcess, token: str) -> str:
    """Get a ticket as a client does."""
    answer = httpx.post(f"{server.url}/live_tickets/", headers={"UWS-Authorization": f"Token {token}"})
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert (body["success"], body["data"]["expires_in"]) == (True, 30)
    return str(body["data"]["ticket"])


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
