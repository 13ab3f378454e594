"""An application on TCP behind its socket: in a network that no other account of the machine reaches."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from plugins.job_type.web_application.driver import Job, job_of
from support.server_process import wait_for

pytestmark = pytest.mark.slow
LARGE = 5 << 20
SERVER = """
import socket, sys, threading
server = socket.create_server(('127.0.0.1', int(sys.argv[1])))
print('listening', flush=True)
def answer(peer):
    received = 0
    while data := peer.recv(65536):
        received += len(data)
    peer.sendall(b'x' * received + b'end')
    peer.close()
while True:
    threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()
"""
"""Answers once the client has sent all: with as many bytes, and three more."""
ISOLATED = {
    "command": ["{python}", "{state}/server.py", "{port}"],
    "files": {"server.py": SERVER},
    "listen": "isolated",
}


def is_up(job: Job) -> bool:
    assert job.process is not None
    assert job.process.poll() is None, (job.folder / "log").read_text()
    return "listening" in (job.folder / "log").read_text() and (job.folder / "job" / "s").exists()


def exchange(path: Path, sent: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as peer:
        peer.settimeout(60)
        peer.connect(str(path))
        peer.sendall(sent)
        peer.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: peer.recv(1 << 20), b""))


def test_bridge_relays_both_directions_and_ends_with_the_application() -> None:
    with job_of(ISOLATED) as job:
        job.start(UWS_NETWORK="shared")
        wait_for(lambda: is_up(job), within=60)
        path = job.folder / "job" / "s"
        assert exchange(path, b"a" * LARGE) == b"x" * LARGE + b"end"
        assert [exchange(path, b"1234") for _ in range(20)] == [b"xxxxend"] * 20
        assert path.stat().st_mode & 0o777 == 0o600
        assert job.process is not None
        job.process.terminate()
        assert job.ended()[0] == 143
        assert not path.exists()


def test_other_processes_of_the_machine_do_not_reach_the_port() -> None:
    """Not even those of the same account: the job has made a network of its own."""
    with job_of(ISOLATED) as job:
        job.start(UWS_NETWORK="shared")
        wait_for(lambda: is_up(job), within=60)
        assert job.process is not None
        own = Path("/proc/self/ns/net").readlink()
        assert Path(f"/proc/{job.process.pid}/ns/net").readlink() != own
        code = "import socket; socket.create_connection(('127.0.0.1', 8000)).shutdown(1)"
        inside = ["nsenter", f"--net=/proc/{job.process.pid}/ns/net", sys.executable, "-c", code]
        if os.geteuid() == 0:
            assert subprocess.run(inside, check=False, capture_output=True).returncode == 0
        assert from_outside() != b"end"


def from_outside() -> bytes:
    """Return the response of an application on the port to an empty request; empty if there is none."""
    try:
        with socket.create_connection(("127.0.0.1", 8000), timeout=5) as peer:  # another program may have the port
            peer.shutdown(socket.SHUT_WR)
            return peer.recv(100)
    except OSError:
        return b""


def test_exit_code_is_the_applications_own() -> None:
    for code in (0, 7):
        with job_of({"command": ["{python}", "-c", f"raise SystemExit({code})"], "listen": "isolated"}) as job:
            assert job.start(UWS_NETWORK="isolated").ended() == (code, "")
