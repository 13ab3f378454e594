"""The header by which a session knows the proxy: nothing inside is shown it, and nothing else follows from it."""

import json
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from plugins.job_type.jupyter_lab.driver import AUTHORITY, AUTHORIZATION, KEY, SECRET, Session, make_job_type
from user_workspaces.interfaces.values import Endpoint, PreparationState, SystemAccount
from user_workspaces.plugins.job_type.jupyter_lab import JupyterLabJob
from user_workspaces.testing.waiting import eventually

ADD_ON = '{"environment_details": {"local": {"python_packages": ["jupyter-server-proxy>=4.4,<5"]}}}'
"""It passes requests with all headers to the user's programs."""
ECHO = """
import http.server, json
class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
server = http.server.HTTPServer(("127.0.0.1", 0), Echo)
print(server.server_port, flush=True)
server.serve_forever()
"""
HEARD = """
import socket, sys
with socket.create_server(("127.0.0.1", 0)) as server:
    print(server.getsockname()[1], flush=True)
    peer, _ = server.accept()
    print(peer.recv(10000), flush=True)
"""


@pytest.fixture(scope="module")
def with_add_on(prepared: JupyterLabJob) -> JupyterLabJob:
    job_type = make_job_type(prepared.context.base_dir, ADD_ON)
    eventually(lambda: job_type.prepare("local").state is not PreparationState.IN_PROGRESS, limit_seconds=900)
    preparation = job_type.prepare("local")
    assert preparation.state is PreparationState.READY, preparation.message
    return job_type


@pytest.fixture(scope="module")
def session(with_add_on: JupyterLabJob, new_session: Callable[[], Session]) -> Session:
    made = new_session()
    made.job_type = with_add_on
    made.start()
    made.wait_until_ready()
    return made


@contextmanager
def program(code: str, account: SystemAccount) -> Iterator[tuple["subprocess.Popen[str]", int]]:
    """Run a program of the user, which prints its port first."""
    uid = account.uid if os.geteuid() == 0 else None
    command = ["python3", "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, user=uid) as process:
        assert process.stdout
        yield process, int(process.stdout.readline())
        process.kill()


@pytest.mark.soak
@pytest.mark.environment
@pytest.mark.slow
def test_program_behind_an_add_on_is_not_shown_the_header(session: Session) -> None:
    with program(ECHO, session.account) as (_, port):
        own_page = {"Referer": f"http://{AUTHORITY}{session.context.base_path}lab"}
        response = session.request("GET", f"proxy/{port}/page", own_page)
    assert response.status == 200
    echoed = {name.lower(): value for name, value in json.loads(response.body)}
    assert "host" in echoed
    assert "authorization" not in echoed
    assert not {word for word in (KEY, SECRET) if word in response.body.decode()}


@pytest.mark.soak
@pytest.mark.environment
@pytest.mark.slow
def test_program_behind_an_add_on_is_not_shown_it_by_a_web_socket_either(session: Session) -> None:
    with program(HEARD, session.account) as (process, port):
        ask = partial(session.handshake, f"proxy/{port}/ws", origin=f"http://{AUTHORITY}")
        thread = threading.Thread(target=ask)
        thread.start()
        assert process.stdout
        heard = process.stdout.readline()
        process.kill()
        thread.join()
    assert "upgrade: websocket" in heard.lower()
    assert not {word for word in ("authorization", KEY.lower(), SECRET) if word in heard.lower()}


@pytest.mark.soak
@pytest.mark.environment
@pytest.mark.slow
def test_add_on_itself_wants_the_header(session: Session) -> None:
    assert session.request("GET", "proxy/9/page", {"Authorization": ""}).status in {302, 403}
    assert session.request("GET", "proxy/9/page", {"Authorization": "token wrong"}).status in {302, 403}


@contextmanager
def session_that_knows(header: str, context_socket: Path) -> Iterator[list[str]]:
    """A session that responds with 200 to one header and 403 to others; yields the requests."""
    heard = list[str]()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(context_socket))
        server.listen()

        def serve() -> None:
            while True:
                try:
                    peer, _ = server.accept()
                except OSError:
                    return
                with peer:
                    sent = peer.recv(4096).decode().split("\r\n")
                    given = next(line.partition(": ")[2] for line in sent if line.startswith("Authorization"))
                    heard.append(given)
                    peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n" if given == header else b"HTTP/1.1 403 Forbidden\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield heard
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def own(tmp_path: Path, new_session: Callable[[], Session]) -> Session:
    """A session of the account that runs the tests, for a listener in this process."""
    made = new_session()
    made.job_type = make_job_type(tmp_path)
    made.account = SystemAccount("me", os.geteuid(), os.getegid(), tmp_path)
    return made


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        (AUTHORIZATION, [AUTHORIZATION]),
        (f"token {SECRET}", [AUTHORIZATION, f"token {SECRET}"]),  # started before this server was upgraded
    ],
)
def test_session_that_starts_during_an_upgrade_is_found_by_its_header(
    own: Session, header: str, sent: list[str]
) -> None:
    path = own.directory / "s"
    with session_that_knows(header, path) as heard:
        endpoint = own.job_type.endpoint(own.context)
    assert endpoint == Endpoint(socket=str(path), socket_uid=os.geteuid(), authorization=header)
    assert heard == sent


def test_session_that_knows_neither_is_not_ready(own: Session) -> None:
    with session_that_knows("token of another", own.directory / "s"):
        assert own.job_type.endpoint(own.context) is None
