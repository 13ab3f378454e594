"""A database that is locked, full, read-only or down: all interfaces report it within seconds and recover."""

import os
import signal
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from support.interface_clients import PATIENCE, InterfaceClients, interface_clients_of, new_token
from support.live_server import LiveServer, live_server_process
from support.server_process import REPOSITORY
from user_workspaces.errors import TemporarilyUnavailable
from user_workspaces.testing.waiting import eventually

pytestmark = [pytest.mark.slow]
AGAIN = str(TemporarilyUnavailable.retry_after)
DATABASE_NAME = "database.sqlite3"
USED = "SELECT count(*) FROM accounts_apitoken WHERE last_used_at IS NOT NULL"


def all_return(
    clients: InterfaceClients, responses: Mapping[str, httpx.Response], status: int, again: str | None
) -> None:
    """Check that each interface responds in its own format."""
    assert {name: response.status_code for name, response in responses.items()} == dict.fromkeys(responses, status)
    assert again is None or {response.headers["Retry-After"] for response in responses.values()} == {again}
    if "api" in responses:
        assert responses["api"].json().keys() == {"success", "message"}
    if "reana" in responses:
        assert responses["reana"].json().keys() == {"message"}
    if "portal" in responses:
        assert responses["portal"].headers["Content-Type"] == "text/html; charset=utf-8"
        assert "Go to your workspaces" in responses["portal"].text
    assert "Traceback" not in clients.server.log()


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server_process(controller=False) as running:
        yield running


@pytest.fixture(scope="module")
def clients(server: LiveServer) -> Iterator[InterfaceClients]:
    with interface_clients_of(server) as found:
        yield found


def problem_of(server: LiveServer, dependency: str) -> str:
    """Return the problem that `/status/` reports; it must respond in any state."""
    response = httpx.get(f"{server.url}/status/", timeout=PATIENCE)
    found = response.json()["dependencies"][dependency]
    assert response.status_code == (200 if found["connected"] else 503)
    return "" if found["connected"] else str(found["message"])


@contextmanager
def locked(server: LiveServer) -> Iterator[None]:
    """Hold the lock of SQLite, like a backup."""
    with closing(sqlite3.connect(server.folder / DATABASE_NAME, isolation_level=None, timeout=PATIENCE)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def test_read_does_not_wait_for_a_lock(server: LiveServer, clients: InterfaceClients) -> None:
    """Before: 500 after 30 s, because the first use of a token is recorded."""
    fresh = {"UWS-Authorization": f"Token {new_token(server)}"}
    with locked(server):
        responses = [
            httpx.get(f"{server.url}/workspaces/", headers=fresh, timeout=PATIENCE),
            *clients.read().values(),
        ]
    assert [response.status_code for response in responses] == [200] * 4
    assert httpx.get(f"{server.url}/workspaces/", headers=fresh, timeout=PATIENCE).status_code == 200
    with closing(sqlite3.connect(server.folder / DATABASE_NAME)) as database:
        assert database.execute(USED).fetchone() == (1,), "and is written down as soon as it can be"


@pytest.mark.soak
def test_write_during_a_lock_gets_503_with_retry_after(server: LiveServer, clients: InterfaceClients) -> None:
    """Before: 500 after 30 s."""
    ticket = clients.ticket()
    with locked(server):
        responses, watching = clients.write(), clients.watch(ticket)
    all_return(clients, responses, 503, AGAIN)
    assert watching == (503, AGAIN)
    assert clients.watch(ticket) == (101, None)
    assert [response.status_code for response in clients.write().values()] == [200, 201, 302]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A separate small file system."""
    if os.geteuid() != 0:
        pytest.skip("a full disk cannot be had without root: mounting a small file system is refused")
    mounting = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(tmp_path)]
    mounted = subprocess.run(mounting, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a full disk cannot be had here: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.mark.soak
def test_full_disk_is_reported_and_reads_continue(small_disk: Path) -> None:
    """Before: 500, and 400 if a session could not be stored."""
    further = {"DATABASE_URL": f"sqlite:///{small_disk / DATABASE_NAME}"}
    with live_server_process(controller=False, further=further) as server, interface_clients_of(server) as clients:
        ballast = small_disk / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        responses = clients.write()
        for _ in range(100):  # SQLite has pages left that it can fill
            responses = clients.write() if responses["api"].status_code == 200 else responses
        all_return(clients, responses, 507, None)
        assert {response.status_code for response in clients.read().values()} == {200}
        assert "The disk of the database is full" in eventually(lambda: problem_of(server, "database"))
        ballast.unlink()
        assert clients.write()["api"].status_code == 200


def _with_postgres() -> Any:
    spec = spec_from_file_location("with_postgres", REPOSITORY / "scripts" / "with_postgres.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def postgres() -> Iterator[str]:
    scripts = _with_postgres()
    with ExitStack() as stack:
        try:
            url = stack.enter_context(scripts.database())
        except scripts.NoPostgresError as error:
            pytest.skip(f"there is no PostgreSQL to stop: {error}")
        yield url


@dataclass
class Postmaster:
    """A PostgreSQL server that can be stopped and restarted."""

    url: str

    def __post_init__(self) -> None:
        with psycopg.connect(self.url) as connection:
            found = connection.execute("SHOW data_directory").fetchone()
        assert found
        self.folder = Path(found[0])
        self.pid = int((self.folder / "postmaster.pid").read_text().split()[0])
        self.command = Path(f"/proc/{self.pid}/cmdline").read_text().rstrip("\0").split("\0")

    def end(self) -> None:
        """Stop it immediately, like a crash; committed data stays on disk."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")  # for tests, commits do not wait for the disk
        os.kill(self.pid, signal.SIGQUIT)
        eventually(lambda: not self._responds())

    @contextmanager
    def started(self) -> Iterator[None]:
        """Start it again for a block."""
        owner = self.folder.stat()
        again = subprocess.Popen(
            self.command, user=owner.st_uid, group=owner.st_gid, cwd="/", stderr=subprocess.DEVNULL
        )
        try:
            eventually(self._responds)
            yield
        finally:
            again.send_signal(signal.SIGQUIT)
            again.wait()

    def _responds(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


@pytest.mark.soak
def test_unavailable_postgresql_is_reported_and_reconnected(postgres: str) -> None:
    """Before: 500 everywhere."""
    with (
        live_server_process(controller=False, further={"DATABASE_URL": postgres}) as server,
        interface_clients_of(server) as clients,
    ):
        assert {response.status_code for response in clients.read().values()} == {200}
        ticket, postmaster = clients.ticket(), Postmaster(postgres)
        postmaster.end()
        eventually(lambda: "the routes cannot be read" in server.log())
        all_return(clients, clients.read(), 503, AGAIN)
        all_return(clients, clients.write(), 503, AGAIN)
        assert clients.watch(ticket) == (503, AGAIN)
        assert eventually(lambda: problem_of(server, "database")) == "The database does not respond."
        with postmaster.started():
            assert {response.status_code for response in clients.read().values()} == {200}
            assert [response.status_code for response in clients.write().values()] == [200, 201, 302]


@pytest.mark.soak
def test_locked_postgresql_table_blocks_no_request(postgres: str) -> None:
    """Before: requests waited until the lock was released."""
    with (
        live_server_process(controller=False, further={"DATABASE_URL": postgres}) as server,
        interface_clients_of(server) as clients,
    ):
        with psycopg.connect(postgres) as other:
            other.execute("LOCK TABLE workspaces_workspace IN ACCESS EXCLUSIVE MODE")
            responses = {"api": clients.read()["api"], "portal": clients.browser.get("/")}
        all_return(clients, responses, 503, AGAIN)
        assert {response.status_code for response in clients.read().values()} == {200}
