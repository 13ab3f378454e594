"""The documented web servers while the server behind them is down or closes connections."""

import socket
import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

import pytest

from support.budget import first_of
from support.server_process import free_port
from support.web_servers import PROGRAMS, is_installed, web_server

pytestmark = [pytest.mark.slow, pytest.mark.soak]
RESET = struct.pack("ii", 1, 0)
"""For `SO_LINGER`: close() sends a reset."""


@pytest.fixture(params=first_of(*PROGRAMS))
def kind(request: pytest.FixtureRequest) -> str:
    if not is_installed(request.param):
        pytest.skip(f"NOT INSTALLED: {PROGRAMS[request.param]}")
    return str(request.param)


@contextmanager
def absent() -> Iterator[int]:
    """Yield a port that refuses connections."""
    yield free_port()


@contextmanager
def busy() -> Iterator[int]:
    """Yield a port with a full backlog, where connections are never accepted."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


def breaking(act: Callable[[socket.socket], None]) -> Callable[[], AbstractContextManager[int]]:
    """Return a server that closes each connection after `act`."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            act(self.request)

    @contextmanager
    def run() -> Iterator[int]:
        with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, args=[0.05]).start()
            try:
                yield server.server_address[1]
            finally:
                server.shutdown()

    return run


def close(connection: socket.socket) -> None:
    connection.recv(65536)


def reset(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    connection.close()


def close_within_the_head(connection: socket.socket) -> None:
    connection.recv(65536)
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-")


AWAY = {
    "absent": absent,
    "busy": busy,
    "closing": breaking(close),
    "resetting": breaking(reset),
    "closing within the head": breaking(close_within_the_head),
}


@pytest.mark.parametrize("how", AWAY)
def test_503_while_the_server_is_down(kind: str, how: str) -> None:
    with (
        AWAY[how]() as port,
        web_server(kind, in_front_of=port, port=free_port()) as front,
        front.visitor() as client,
    ):
        for method in ("GET", "POST"):
            response = client.request(method, "/passthrough/local/1/api/kernels", headers={"Connection": "close"})
            assert response.status_code == 503
            assert response.headers["Retry-After"] == "5"
