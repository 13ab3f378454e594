"""Kernels listen on Unix sockets of the session, also with a long path, unless they only know TCP."""

import json
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from plugins.job_type.jupyter_lab.driver import AUTHORITY, Session, make_job_type
from user_workspaces.interfaces.values import SystemAccount
from user_workspaces.plugins.job_type.jupyter_lab import JupyterLabJob
from user_workspaces.plugins.resource.local.job_directory import LONGEST_PATH
from user_workspaces.testing.waiting import eventually

pytestmark = [pytest.mark.environment, pytest.mark.slow]

PLAIN = {
    "argv": ["python", "-m", "ipykernel_launcher", "-f", "{connection_file}"],
    "display_name": "P",
    "language": "p",
}


@pytest.fixture(scope="module")
def session(new_session: Callable[[], Session]) -> Session:
    made = new_session()
    kernel = json.dumps({**PLAIN, "metadata": {"transport": "tcp"}})
    made.write("home/.local/share/jupyter/kernels/plain/kernel.json", kernel)
    made.start()
    made.wait_until_ready()
    return made


@pytest.fixture
def distant(prepared: JupyterLabJob, account: SystemAccount) -> Iterator[Session]:
    """A session whose directory has the longest path that a resource allows."""
    with tempfile.TemporaryDirectory(prefix="uws-", dir="/tmp") as above:
        Path(above).chmod(0o755)
        folder = Path(above, "f" * (LONGEST_PATH - len(f"{above}//job/s")))
        made = Session(prepared, account, folder)
        for one in (folder, made.home, made.workspace, made.directory):
            one.mkdir(mode=0o700)
        made.give_away()
        assert len(str(made.directory / "s")) == LONGEST_PATH
        yield made
        made.end()


def start(session: Session, name: str = "python3") -> str:
    """Start a kernel; returns its ID."""
    response = session.request("POST", "api/kernels", session.write_headers(), json.dumps({"name": name}))
    assert response.status == 201, response.body
    return str(response.json()["id"])


def connection(session: Session, kernel: str) -> dict[str, object]:
    """Return what the kernel's connection file says."""
    told: dict[str, object] = json.loads((session.directory / "runtime" / f"kernel-{kernel}.json").read_bytes())
    return told


def sockets(session: Session, ip: object) -> list[str]:
    return sorted(path.name for path in session.directory.glob("k*-*") if str(path).startswith(f"{ip}-"))


def is_idle(session: Session, kernel: str) -> bool:
    with session.connect(f"api/kernels/{kernel}/channels", origin=None):
        return session.request("GET", f"api/kernels/{kernel}").json()["execution_state"] in {"idle", "starting"}


def test_kernel_has_sockets_of_its_own_through_a_restart_and_none_afterwards(session: Session) -> None:
    one, other = start(session), start(session)
    first, second = connection(session, one), connection(session, other)
    assert (first["transport"], second["transport"], first["ip"] != second["ip"]) == ("ipc", "ipc", True)
    assert str(first["ip"]).startswith(f"{session.directory}/k")
    eventually(lambda: len(sockets(session, first["ip"])) == 5)
    assert session.request("POST", f"api/kernels/{one}/restart", session.write_headers(), "{}").status == 200
    eventually(lambda: is_idle(session, one))
    assert connection(session, one) == first
    for kernel in (one, other):
        assert session.request("DELETE", f"api/kernels/{kernel}", session.write_headers()).status == 204
    eventually(lambda: [sockets(session, told["ip"]) for told in (first, second)] == [[], []])


def test_kernel_that_knows_tcp_alone_says_so_in_its_specification(session: Session) -> None:
    kernel = start(session, "plain")
    told = connection(session, kernel)
    assert (told["transport"], told["ip"]) == ("tcp", "127.0.0.1")
    eventually(lambda: is_idle(session, kernel))
    session.request("DELETE", f"api/kernels/{kernel}", session.write_headers())


def test_kernel_starts_where_the_path_of_the_session_is_as_long_as_it_can_be(distant: Session) -> None:
    distant.start()
    distant.wait_until_ready()
    kernel = start(distant)
    eventually(lambda: is_idle(distant, kernel))
    assert connection(distant, kernel)["transport"] == "ipc"


def test_message_above_the_sites_limit_ends_the_connection(new_session: Callable[[], Session]) -> None:
    limited = new_session()
    base_dir = limited.job_type.context.base_dir
    limited.job_type = make_job_type(base_dir, '{"environment_details": {"local": {"message_limit_mb": 12}}}')
    limited.start()
    limited.wait_until_ready()
    channels = f"api/kernels/{start(limited)}/channels"
    for megabytes, passes in ((11, True), (13, False)):
        with limited.connect(channels, origin=f"http://{AUTHORITY}") as peer:
            header = {
                "msg_id": "m",
                "msg_type": "kernel_info_request",
                "username": "",
                "session": "x",
                "version": "5.3",
            }
            content = {"filler": "x" * (megabytes << 20)}
            message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
            if passes:
                peer.send(json.dumps(message))
                assert any(json.loads(told)["msg_type"] == "kernel_info_reply" for told in peer)
            else:
                with pytest.raises(ConnectionClosed):
                    _send_and_listen(peer, json.dumps(message))


def _send_and_listen(peer: ClientConnection, message: str) -> None:
    peer.send(message)
    while True:
        peer.recv(timeout=60)
