"""Probing sessions, even if the owner tries to get the secret of another session."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import pytest

from user_workspaces.session_probe import status

OWN_UID = os.geteuid()


@contextmanager
def listening(path: Path, behave: Callable[[socket.socket], None]) -> Iterator[list[bytes]]:
    """Listen for one connection; yield the bytes that it receives."""
    heard = list[bytes]()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        server.settimeout(10)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(10)
                heard.append(connection.recv(4096))
                try:
                    behave(connection)
                except OSError:
                    return  # the other side has closed the connection

        thread = threading.Thread(target=serve)
        thread.start()
        yield heard
        thread.join()


def say_nothing(_peer: socket.socket) -> None:
    pass


def wait_until_hung_up(peer: socket.socket) -> None:
    peer.recv(1)


def ask(path: Path, uid: int = OWN_UID) -> bool:
    return status(path, uid=uid, target="/base/api/status", authorization="token s") == HTTPStatus.OK


def test_status_200_is_ready(tmp_path: Path) -> None:
    with listening(tmp_path / "s", lambda peer: peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n{}")) as heard:
        assert ask(tmp_path / "s")
    head, *headers = heard[0].decode().split("\r\n")
    assert head == "GET /base/api/status HTTP/1.1"
    assert headers == ["Host: localhost", "Authorization: token s", "Connection: close", "", ""]


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 302 Found\r\n",
        b"HTTP/1.1 403 Forbidden\r\n",
        b"HTTP/1.1 2000\r\n",
        b"200\r\n",
        b"",
        b"\r\n",
        b"x" * 5000,
    ],
)
def test_other_status_is_not_ready(tmp_path: Path, response: bytes) -> None:
    with listening(tmp_path / "s", lambda peer: peer.sendall(response)):
        assert not ask(tmp_path / "s")


def test_silence_is_not_ready(tmp_path: Path) -> None:
    with listening(tmp_path / "s", wait_until_hung_up):
        assert not ask(tmp_path / "s")


def test_slow_bytes_do_not_exceed_the_deadline(tmp_path: Path) -> None:
    asked = threading.Event()

    def drip(peer: socket.socket) -> None:
        while not asked.wait(0.05):
            peer.sendall(b"H")

    with listening(tmp_path / "s", drip):
        assert not ask(tmp_path / "s")
        asked.set()


def test_listener_of_another_account_gets_no_secret(tmp_path: Path) -> None:
    with listening(tmp_path / "s", say_nothing) as heard:
        assert not ask(tmp_path / "s", uid=OWN_UID + 1)
    assert heard == [b""]


def test_link_to_a_listener_of_another_account_gets_no_secret(tmp_path: Path) -> None:
    (tmp_path / "s").symlink_to(tmp_path / "theirs")
    with listening(tmp_path / "theirs", say_nothing) as heard:
        assert not ask(tmp_path / "s", uid=OWN_UID + 1)
    assert heard == [b""]


@pytest.mark.root
@pytest.mark.skipif(OWN_UID != 0, reason="needs root: a listener of another account")
def test_listener_of_a_real_other_account(tmp_path: Path) -> None:
    code = """
import os, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
os.setuid(65534)
server.listen()
print("listening", flush=True)
for _ in range(2):
    peer = server.accept()[0]
    heard = peer.recv(4096)
    print(len(heard) > 0, flush=True)
    if heard:
        peer.sendall(b"HTTP/1.1 200 OK\\r\\n\\r\\n")
    peer.close()
"""
    with subprocess.Popen([sys.executable, "-c", code, tmp_path / "s"], stdout=subprocess.PIPE, text=True) as listener:
        assert listener.stdout is not None
        assert listener.stdout.readline() == "listening\n"
        assert (ask(tmp_path / "s"), ask(tmp_path / "s", uid=65534)) == (False, True)
        assert listener.stdout.read() == "False\nTrue\n"


def test_socket_without_a_listener_is_not_ready(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
    assert not ask(tmp_path / "s")


def test_socket_with_a_full_queue_is_not_ready(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        server.listen(0)
        clients = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(str(tmp_path / "s"))
        assert not ask(tmp_path / "s")
        for client in clients:
            client.close()


@pytest.mark.parametrize("name", ["file", "folder", "nothing", "n" * 200])
def test_anything_else_is_not_ready(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    assert not ask(tmp_path / name)
