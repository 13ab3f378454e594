"""Whose a connection from this machine is: asked of the real kernel, by real processes."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from user_workspaces.proxy.relay import peer_account
from user_workspaces.proxy.relay.peer_account import may_be_proxy

SESSION = 54_321
"""A uid of somebody's session; it needs no account for this."""
CONNECT = """
import encodings.idna, os, socket, sys
os.setgid({uid}); os.setuid({uid})
connection = socket.create_connection(("{host}", {port}))
sys.stdin.read()
"""
pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs processes of others")


@pytest.fixture(params=["127.0.0.1", "::1", "both"])
def listener(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    if request.param == "both":
        made = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True)
    else:
        made = socket.create_server(
            (request.param, 0), family=socket.AF_INET6 if ":" in request.param else socket.AF_INET
        )
    with closing(made):
        yield made


def host_of(listener: socket.socket) -> str:
    host = str(listener.getsockname()[0])
    return "127.0.0.1" if host == "::" else host


@pytest.fixture(params=["asked", "looked up"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the answer come from the kernel's list of connections, as where it cannot be asked."""
    if request.param == "looked up":
        monkeypatch.setattr(peer_account, "_query_kernel", peer_account._read_proc)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("uid", [0, 33, 999, 1000, SESSION])
def test_only_system_accounts_can_be_proxies(listener: socket.socket, uid: int) -> None:
    code = CONNECT.format(uid=uid, host=host_of(listener), port=listener.getsockname()[1])
    with subprocess.Popen([sys.executable, "-I", "-S", "-c", code], stdin=subprocess.PIPE) as process:
        connection, _ = listener.accept()
        with closing(connection):
            assert may_be_proxy(connection) is (uid < 1000)
        process.communicate()


@pytest.mark.usefixtures("way")
def test_connection_of_a_closed_socket_is_not_trusted(listener: socket.socket) -> None:
    """The kernel says uid 0 of it: a session would only have to close what it has sent."""
    client = socket.create_connection((host_of(listener), listener.getsockname()[1]))
    connection, _ = listener.accept()
    client.sendall(b"POST /tokens/ HTTP/1.1\r\n")
    client.close()
    with closing(connection):
        assert may_be_proxy(connection) is False


def test_unix_socket_is_trusted() -> None:
    ours, theirs = socket.socketpair()
    with closing(ours), closing(theirs):
        assert may_be_proxy(ours) is True
