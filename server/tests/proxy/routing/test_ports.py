"""The ports of sessions: real sockets, opened and closed with the table of routes."""

import socket
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from proxy.addresses import BASE, HANDSHAKE, HTTP_JOB, ORIGIN, WITH_COOKIE, WS_BASE, WS_COOKIE
from proxy.browser import Client
from proxy.proxy_fixture import RunningProxy
from proxy.waiting import wait_for
from support.server_process import free_port
from user_workspaces.proxy.routing.ports import SessionPortListeners


@pytest.fixture
def ports() -> range:
    """Two ports that nobody listens on."""
    first = free_port()
    return range(first, first + 2)


@pytest.fixture
def listeners(proxy: RunningProxy, ports: range) -> Iterator[SessionPortListeners]:
    """Such as the web process has, beside the proxy's own port."""
    proxy.do(lambda: proxy.serve_ports(ports))
    assert proxy.listeners is not None
    yield proxy.listeners
    proxy.do(proxy.listeners.close)


def is_open(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def give_port(proxy: RunningProxy, port: int | None) -> None:
    proxy.replace(replace(proxy.routes[0], port=port, by_path=False), proxy.routes[1])


def test_a_session_is_served_on_its_port_under_any_name_and_no_other_is(
    proxy: RunningProxy, listeners: SessionPortListeners, ports: range
) -> None:
    give_port(proxy, ports[0])
    for host in ("workstation", f"10.1.2.3:{ports[0]}", "localhost"):
        client = Client(ports[0])
        assert client.get(f"{BASE}/x", WITH_COOKIE, host=host).response().body.startswith(b"GET "), host
        assert client.get(f"{WS_BASE}/x", f"Cookie: {WS_COOKIE}", host=host).response().body.startswith(b"app ")
        client.close()
    assert proxy.client().get(f"{BASE}/x", WITH_COOKIE).response().body.startswith(b"app ")
    client = Client(ports[0])
    assert client.get(f"{BASE}/x", WITH_COOKIE, host="s12.localhost").response().body.startswith(b"app ")
    client.get(f"{WS_BASE}/ws", f"Cookie: {WS_COOKIE}", HANDSHAKE, ORIGIN)
    assert client.response().status == 404
    client.close()


def test_a_port_is_open_for_as_long_as_its_session_responses(
    proxy: RunningProxy, listeners: SessionPortListeners, ports: range
) -> None:
    assert not is_open(ports[0])
    give_port(proxy, ports[0])
    assert is_open(ports[0])
    give_port(proxy, ports[1])
    assert (is_open(ports[0]), is_open(ports[1])) == (False, True)
    give_port(proxy, None)
    assert not is_open(ports[1])


def test_a_port_stays_open_for_a_while_after_its_session(proxy: RunningProxy, ports: range) -> None:
    proxy.do(lambda: proxy.serve_ports(ports, kept_after=0.5))
    give_port(proxy, ports[0])
    give_port(proxy, None)
    assert is_open(ports[0])
    client = Client(ports[0])
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().body.startswith(b"app ")  # where it says that it has ended
    client.close()
    time.sleep(0.6)
    give_port(proxy, None)
    assert not is_open(ports[0])


def test_a_connection_outlives_the_move_of_the_listener_but_not_the_session(
    proxy: RunningProxy, listeners: SessionPortListeners, ports: range
) -> None:
    give_port(proxy, ports[0])
    client = Client(ports[0])
    assert client.get(f"{BASE}/stream", WITH_COOKIE).response().status == 200
    proxy.replace(proxy.routes[1])
    assert not is_open(ports[0])
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().body.startswith(b"app ")
    client.close()


def test_a_port_is_opened_before_the_row_is_written(
    proxy: RunningProxy, listeners: SessionPortListeners, ports: range
) -> None:
    assert listeners.open(ports[0])
    assert listeners.open(ports[0])
    proxy.replace(*proxy.routes)  # the table was read before the row was written: the port stays for a while
    assert is_open(ports[0])


def test_only_a_port_of_the_range_that_is_free_is_opened(
    proxy: RunningProxy, listeners: SessionPortListeners, ports: range, caplog: pytest.LogCaptureFixture
) -> None:
    assert not listeners.open(ports[0] - 1)
    with socket.create_server(("127.0.0.1", ports[0])):
        assert [listeners.open(ports[0]) for _ in range(3)] == [False] * 3
        give_port(proxy, ports[0])
    assert [record.message for record in caplog.records if "cannot be opened" in record.message] == [
        f"session port {ports[0]} cannot be opened: Address already in use"
    ]
    give_port(proxy, ports[0])
    wait_for(lambda: is_open(ports[0]), "the port")
    client = Client(ports[0])
    assert client.get(f"{BASE}/x", WITH_COOKIE).response().body.startswith(b"GET ")
    client.close()


def test_the_ports_of_a_server_that_ends_are_closed(
    proxy: RunningProxy, listeners: SessionPortListeners, ports: range
) -> None:
    give_port(proxy, ports[0])
    proxy.do(listeners.close)
    assert not is_open(ports[0])
    assert proxy.routes[0].job_id == HTTP_JOB
