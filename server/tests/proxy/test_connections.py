"""Which connections make place for others: how the proxy knows who is on them, whoever serves the request."""

from collections.abc import Callable

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from proxy.addresses import BASE, HANDSHAKE, WITH_COOKIE, WS_BASE, WS_COOKIE
from proxy.browser import Client
from proxy.proxy_fixture import RunningProxy
from proxy.waiting import wait_for
from user_workspaces.proxy.relay.connection_limits import ConnectionLimits

MOST = 3


@pytest.fixture
def narrow(start_proxy: Callable[..., RunningProxy]) -> RunningProxy:
    """Start a proxy with place for so many connections."""
    proxy = start_proxy()
    proxy.state.connections = ConnectionLimits(most=MOST, per_address=MOST, clock=proxy.loop.time)
    proxy.state.connections._per_address = MOST  # all of a test come from one address
    return proxy


def crowd(proxy: RunningProxy) -> None:
    """Have strangers come, each with a request and its answer, who then keep the connection."""
    for _ in range(2 * MOST):
        assert proxy.client().get("/app").response().status == 200


def responses(client: Client, path: str, *headers: str) -> bool:
    """Whether the connection is still there."""
    try:
        return client.get(path, *headers).response().status == 200
    except (AssertionError, ConnectionError):
        return False


@pytest.mark.parametrize(
    ("path", "headers", "stays"),
    [
        ("/app", (), False),
        ("/known", (), True),
        (f"{BASE}/x", (WITH_COOKIE,), True),
        (f"{BASE}/x", (), False),
        (f"{BASE}/x", (WITH_COOKIE.replace("12", "13"),), False),
    ],
)
def test_connection_stays_after_an_authenticated_request(
    narrow: RunningProxy,
    path: str,
    headers: tuple[str, ...],
    stays: bool,  # noqa: FBT001  a column of the table
) -> None:
    client = narrow.client()
    client.get(path, *headers).response()
    crowd(narrow)
    assert responses(client, path, *headers) is stays


@pytest.mark.parametrize(
    "sent", ["", "GET /app HTTP/1.1\r\n", "POST /app HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na"]
)
def test_waiting_connection_is_evicted(narrow: RunningProxy, sent: str) -> None:
    waiting = narrow.client().send(sent)
    crowd(narrow)
    assert waiting.ended()


def test_authenticated_upload_continues(narrow: RunningProxy) -> None:
    user = narrow.client().get("/known")
    user.response()
    user.send("POST /app HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
    crowd(narrow)
    assert user.send("defghi").response().status == 200


def test_open_websockets_stay_and_leave_no_state(narrow: RunningProxy) -> None:
    uri = f"ws://127.0.0.1:{narrow.port}"
    with (
        connect(
            f"{uri}{WS_BASE}/events",
            additional_headers={"Cookie": WS_COOKIE, "Origin": uri.replace("ws:", "http:")},
            subprotocols=[Subprotocol("b")],
        ) as session,
        connect(f"{uri}/known") as own,
    ):
        crowd(narrow)
        session.send("there and back")
        assert session.recv(timeout=20) == "there and back"
        own.send("you")
        assert own.recv(timeout=20) == "app:/known:you"
    for client in narrow.clients:
        client.close()
    wait_for(lambda: narrow.do(narrow.state.connections.counts).open == 0, "all places are free")


def test_rejected_websocket_leaves_no_state(narrow: RunningProxy) -> None:
    client = narrow.client().get(f"{WS_BASE}/events", HANDSHAKE)
    assert client.response().status == 403
    client.close()
    wait_for(lambda: narrow.do(narrow.state.connections.counts).open == 0, "the place is free")
