"""From which hosts and pages a handshake may come, and where in it a token may be."""

import socket

import pytest
from websockets.exceptions import InvalidStatus

from support.websocket_client import ORIGIN_OF_A_PORTAL, Subscriber, WebProcess, handshake_error, log_in, watch

BAD = (401, "Incorrect authentication credentials.")


@pytest.mark.parametrize("order", [1, -1])
def test_subprotocol_opens_and_is_not_sent_back(server: WebProcess, ada: Subscriber, order: int) -> None:
    job = ada.job()
    with watch(server, f"/jobs/{job.pk}/", offered=" ".join(("uws-token", ada.token)[::order])) as socket:
        assert socket.connection.subprotocol == "uws-token"
        assert socket.connection.response is not None
        assert ada.token not in str(socket.connection.response.headers)
        assert socket.next()["status"] == "pending"


@pytest.mark.parametrize("offered", ["uws-token", "uws-token a b", "a b", "uws-token x"])
def test_subprotocols_without_a_token_are_refused(server: WebProcess, ada: Subscriber, offered: str) -> None:
    with pytest.raises(InvalidStatus) as refused, watch(server, "/jobs/", offered=offered):
        pass
    assert refused.value.response.status_code == 401


def test_cookie_without_an_origin_is_refused(server: WebProcess, ada: Subscriber) -> None:
    assert handshake_error(server, Cookie=log_in(ada.user)) == BAD


def test_cookie_from_a_page_of_another_origin_is_refused(server: WebProcess, ada: Subscriber) -> None:
    cookie = log_in(ada.user)
    assert handshake_error(server, Cookie=cookie, Origin=ORIGIN_OF_A_PORTAL) == BAD
    assert handshake_error(server, Cookie=cookie, Origin="https://evil.example")[0] == 403


@pytest.mark.parametrize("header", ["", "Token {}"])
@pytest.mark.parametrize("origin", ["http://s12.localhost:{}", "http://S12.LOCALHOST.:{}", "http://a.s1.localhost:{}"])
def test_page_of_a_session_is_refused(server: WebProcess, ada: Subscriber, origin: str, header: str) -> None:
    fields = {"UWS-Authorization": header.format(ada.token)} if header else {}
    found = handshake_error(server, Cookie=log_in(ada.user), Origin=origin.format(server.port), **fields)
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
        "http://[",
        "http://a]b",
    ],
)
def test_forged_origin_is_refused_with_the_best_of_tokens(server: WebProcess, ada: Subscriber, origin: str) -> None:
    assert handshake_error(server, token=ada.token, Origin=origin.format(server.port))[0] == 403


@pytest.mark.parametrize("origin", ["http://localhost:{}", ORIGIN_OF_A_PORTAL])
def test_own_and_configured_origins_may_ask(server: WebProcess, ada: Subscriber, origin: str) -> None:
    job = ada.job()
    with watch(server, f"/jobs/{job.pk}", ada.token, Origin=origin.format(server.port)) as socket:
        assert socket.next()["status"] == "pending"


def raw_status(server: WebProcess, token: str, host: str) -> int:
    """Return the status of a handshake with that host: the client library names its own."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
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


def test_host_of_a_session_or_an_unknown_host_is_rejected(server: WebProcess, ada: Subscriber) -> None:
    hosts = [f"localhost:{server.port}", "s12.localhost", "x.s12.localhost:80", "evil.example", "a_b", "[::1]"]
    assert [raw_status(server, ada.token, host) for host in hosts] == [101, 404, 404, 404, 404, 101]
