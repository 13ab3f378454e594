"""Attackers that occupy all connections: existing and new users are still served."""

import json
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.sync.client import ClientConnection, connect

from support.live_server import LiveServer, live_server_process
from support.planted_session import PlantedSession, planted_session
from support.portal_visitor import ask, cookies_for, log_in, open_planted
from support.server_process import ToLoopback
from user_workspaces.descriptors import raise_limit
from user_workspaces.testing.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.soak]
SOFT, LIMIT = 128, 256
"""Limit of file descriptors of the web process."""
ATTACKERS = 6
MOST_HELD = 100
"""Connections that each attacker keeps open; closed ones are replaced."""
REPLACED_AT_ONCE = 5
"""Per tenth of a second: the attack is about open connections, not about the request rate."""
REPLACED = 10_000
"""Maximum number of replaced connections, of all attackers."""
HALF_HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Half: "
WHOLE = b"GET /login/ HTTP/1.1\r\nHost: localhost\r\n\r\n"
SLOW_BODY = b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\na"
KINDS = {"silent": b"", "half heads": HALF_HEAD, "idle": WHOLE, "slow bodies": SLOW_BODY}


class Attack:
    """Threads that open and keep connections, from several loopback addresses."""

    def __init__(self, port: int, first: bytes) -> None:
        self._port, self._first = port, first
        self._ended = threading.Event()
        self._left = threading.Semaphore(REPLACED)
        self.opened = 0
        self._threads = [threading.Thread(target=self._run, args=(number,)) for number in range(ATTACKERS)]

    def _run(self, number: int) -> None:
        source = f"127.0.0.{1 + number}"
        held = [self._open(source) for _ in range(MOST_HELD)]
        while not self._ended.wait(0.1):
            closed = [location for location, sock in enumerate(held) if _is_closed(sock)]
            for location in closed[:REPLACED_AT_ONCE]:
                if self._left.acquire(blocking=False):
                    held[location].close()
                    held[location] = self._open(source)
        for sock in held:
            sock.close()

    def _open(self, source: str) -> socket.socket:
        sock = socket.socket()
        sock.settimeout(2)
        self.opened += 1
        try:
            sock.bind((source, 0))
            sock.connect(("127.0.0.1", self._port))
            sock.sendall(self._first)
        except OSError:  # rejected or closed: open the next one
            pass
        return sock

    @contextmanager
    def running(self) -> Iterator[None]:
        """Attack during a block, which starts when the server is full."""
        for thread in self._threads:
            thread.start()
        try:
            eventually(lambda: self.opened > LIMIT * 2)
            yield
        finally:
            self._ended.set()
            for thread in self._threads:
                thread.join()


def _is_closed(sock: socket.socket) -> bool:
    """Return True if the server has closed it; pending data is dropped."""
    try:
        sock.setblocking(False)
        while sock.recv(65536):
            pass
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def trust_loopback(config: dict[str, Any]) -> None:
    """Exempt all addresses from the limit per address, so that only the total limit applies."""
    config["trusted_proxies"] = ["127.0.0.0/8"]


@pytest.fixture(scope="module", params=["direct", "behind a proxy"])
def server(request: pytest.FixtureRequest) -> Iterator[LiveServer]:
    raise_limit()  # of this process, for the attackers
    change = trust_loopback if request.param == "behind a proxy" else (lambda _: None)
    with live_server_process(change=change, before=("prlimit", f"--nofile={SOFT}:{LIMIT}")) as running:
        yield running


@pytest.fixture(scope="module")
def session(server: LiveServer) -> Iterator[PlantedSession]:
    with planted_session(server) as planted:
        yield planted


def visitor(server: LiveServer) -> httpx.Client:
    return httpx.Client(transport=ToLoopback(server.port), base_url=server.url, timeout=30)


def web_socket(server: LiveServer, browser: httpx.Client, url: str, *, origin: str) -> ClientConnection:
    sock = socket.create_connection(("127.0.0.1", server.port))
    headers = cookies_for(browser, url) | {"Origin": origin}
    return connect(url.replace("http", "ws", 1), sock=sock, additional_headers=headers)


@pytest.mark.parametrize("kind", KINDS)
def test_all_users_are_served_during_the_attack(server: LiveServer, session: PlantedSession, kind: str) -> None:
    with visitor(server) as browser:
        log_in(browser, session.username)
        _attacked(server, session, browser, open_planted(browser, session), KINDS[kind])


def _attacked(server: LiveServer, session: PlantedSession, browser: httpx.Client, at: str, first: bytes) -> None:
    with (
        web_socket(server, browser, f"{at}ws", origin=at.partition("/passthrough/")[0]) as terminal,
        web_socket(server, browser, f"{server.url}/jobs/", origin=server.url) as watching,
        Attack(server.port, first).running(),
    ):
        terminal.recv(timeout=20)
        for number in range(20):
            assert ask(browser, "GET", "/").status_code == 200
            assert ask(browser, "GET", f"{at}x").json()[0].endswith("/x")
            terminal.send(str(number))
            assert terminal.recv(timeout=20) == str(number)
        assert watching.ping().wait(20)
        with visitor(server) as newcomer:
            log_in(newcomer, session.username)
            assert ask(newcomer, "GET", f"/open/{session.job_id}/").status_code == 302
            status = ask(newcomer, "GET", "/status/").json()
    assert status["connections"]["limit"] < LIMIT
    assert status["connections"]["open"] <= status["connections"]["limit"]
    assert status["connections"]["evicted"] > 0
    # Another warning may say that this server's sessions are not prepared
    evicted = "There were too many connections: the longest idle ones were closed. See connections."
    assert status["warnings"].count(evicted) == 1


def test_attack_is_logged_once_and_descriptors_remain(server: LiveServer) -> None:
    lines = [line for line in server.log().splitlines() if "too many connections" in line]
    assert 1 <= len(lines) <= 5
    assert len(list(Path(f"/proc/{server.pids['web']}/fd").iterdir())) < LIMIT
    assert "Too many open files" not in server.log()


def test_both_processes_raise_their_limit_and_jobs_do_not_inherit_it(server: LiveServer) -> None:
    assert resource.prlimit(server.pids["web"], resource.RLIMIT_NOFILE) == (LIMIT, LIMIT)
    assert resource.prlimit(server.pids["controller"], resource.RLIMIT_NOFILE) == (LIMIT, LIMIT)
    user = {"username": server.username, "email": f"{server.username}@example.org"}
    body = {"client_token": server.manage("create_client_token", "c"), "user_info": user}
    token = httpx.post(f"{server.url}/tokens/", json=body).json()["token"]
    with httpx.Client(base_url=server.url, headers={"UWS-Authorization": f"Token {token}"}, timeout=30) as ada:
        made = ada.post("/workspaces/", json={"name": "limits", "description": ""}).json()
        launched = ada.put(f"/workspaces/{made['data']['id']}/start/", json={"job_type": "local_test"}).json()
        job = launched["data"]["job"]["id"]
        pid = eventually(lambda: _process_of(server, job))
    limits = Path(f"/proc/{pid}/limits").read_text()
    assert f"Max open files {SOFT} {LIMIT} files" in " ".join(limits.split())


def _process_of(server: LiveServer, job: int) -> int | None:
    for path in (server.folder / "resource").glob("local/**/running.json"):
        if (
            f"UWS_JOB_ID={job}\0".encode()
            in Path(f"/proc/{(pid := json.loads(path.read_bytes())['child'][0])}/environ").read_bytes()
        ):
            return int(pid)
    return None


def test_process_without_free_descriptors_recovers(server: LiveServer) -> None:
    """accept() fails with EMFILE: the loop neither ends nor spins, and recovers when descriptors are free."""
    web = server.pids["web"]
    before = resource.prlimit(web, resource.RLIMIT_NOFILE)
    used = len(list(Path(f"/proc/{web}/fd").iterdir()))
    resource.prlimit(web, resource.RLIMIT_NOFILE, (used, before[1]))
    try:
        with ExitStack() as stack:
            for _ in range(20):
                sock = stack.enter_context(closing(socket.socket()))
                sock.settimeout(2)
                sock.connect_ex(("127.0.0.1", server.port))
            spent = _cpu_seconds(web)
            with pytest.raises(httpx.TransportError):
                httpx.get(f"{server.url}/status/", timeout=2)
            assert _cpu_seconds(web) - spent < 1
    finally:
        resource.prlimit(web, resource.RLIMIT_NOFILE, before)
    with httpx.Client(base_url=server.url, timeout=10) as client:
        assert ask(client, "GET", "/status/").status_code == 200


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
