"""Connections that are passed on: whole, in both directions, and no more at once than are allowed."""

import os
import secrets
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from user_workspaces.plugins.resource.local import relay
from user_workspaces.plugins.resource.local.relay import Service

MUCH = 5_000_000


@contextmanager
def relayed(*targets: tuple[str, int]) -> Iterator[tuple[str, int]]:
    """Run a relay in a thread; yields where it listens."""
    stop, stopped = socket.socketpair()
    listener = socket.create_server(("127.0.0.1", 0))
    address: tuple[str, int] = listener.getsockname()
    selector = selectors.DefaultSelector()
    Service(listener, targets, uid=os.geteuid()).register(selector)
    selector.register(stopped, selectors.EVENT_READ, None)

    def serve() -> None:
        while True:
            for key, mask in selector.select():
                if key.data is None:
                    return
                key.data(mask)

    thread = threading.Thread(target=serve)
    thread.start()
    yield address
    stop.send(b".")
    thread.join()
    for end in (stop, stopped, listener, *(key.fileobj for key in selector.get_map().values())):
        end.close()  # type: ignore[union-attr]  # sockets, all of them
    selector.close()


@pytest.fixture
def target() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(10)
        yield server


def read_all(end: socket.socket) -> bytes:
    return b"".join(iter(lambda: end.recv(1 << 16), b""))


def test_much_arrives_whole_in_both_directions_at_once(target: socket.socket) -> None:
    sent, answered = secrets.token_bytes(MUCH), secrets.token_bytes(MUCH)
    with relayed(target.getsockname()) as address, socket.create_connection(address, timeout=10) as client:
        service, _ = target.accept()
        with service:
            service.settimeout(10)
            writers = [
                threading.Thread(target=lambda end=end, content=content: (end.sendall(content), end.shutdown(1)))
                for end, content in ((client, sent), (service, answered))
            ]
            received = dict[str, bytes]()
            reader = threading.Thread(target=lambda: received.update(service=read_all(service)))
            for thread in (*writers, reader):
                thread.start()
            assert read_all(client) == answered
            for thread in (*writers, reader):
                thread.join()
            assert received["service"] == sent


def test_end_of_the_request_is_relayed_before_the_response(target: socket.socket) -> None:
    with relayed(target.getsockname()) as address, socket.create_connection(address, timeout=10) as client:
        client.sendall(b"question")
        client.shutdown(socket.SHUT_WR)
        service, _ = target.accept()
        with service:
            assert read_all(service) == b"question"
            service.sendall(b"answer")
        assert read_all(client) == b"answer"


def test_first_reachable_address_is_used(target: socket.socket) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        gone = server.getsockname()
    with relayed(gone, target.getsockname()) as address, socket.create_connection(address, timeout=10) as client:
        client.sendall(b"x")
        service, _ = target.accept()
        with service:
            assert service.recv(1) == b"x"


def test_connection_without_a_target_is_closed(target: socket.socket) -> None:
    gone = target.getsockname()
    target.close()
    with relayed(gone) as address, socket.create_connection(address, timeout=10) as client:
        assert read_all(client) == b""


def test_reset_of_one_side_ends_the_other(target: socket.socket) -> None:
    with relayed(target.getsockname()) as address, socket.create_connection(address, timeout=10) as client:
        service, _ = target.accept()
        service.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        service.close()
        assert read_all(client) == b""


def test_too_many_at_once_are_closed_until_others_end(target: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "MOST_PAIRS", 1)
    with relayed(target.getsockname()) as address:
        with socket.create_connection(address, timeout=10) as first:
            service, _ = target.accept()
            with socket.create_connection(address, timeout=10) as second:
                assert read_all(second) == b""
            service.close()
            assert read_all(first) == b""
        with socket.create_connection(address, timeout=10) as third:
            third.sendall(b"x")
            service, _ = target.accept()
            with service:
                assert service.recv(1) == b"x"
