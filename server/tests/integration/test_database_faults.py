"""A database that is locked, full, read-only or away: every door says so within seconds, and goes on afterwards."""

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

from support.doors import PATIENCE, Doors, doors_of, new_token
from support.live_server import LiveServer, live_server_process
from support.server_process import REPOSITORY
from user_workspaces.errors import TemporarilyUnavailable
from user_workspaces.testing.waiting import eventually

pytestmark = [pytest.mark.slow]
AGAIN = str(TemporarilyUnavailable.retry_after)
DATABASE_NAME = "database.sqlite3"
USED = "SELECT count(*) FROM accounts_apitoken WHERE last_used_at IS NOT NULL"


def all_say(doors: Doors, responses: Mapping[str, httpx.Response], status: int, again: str | None) -> None:
    """Each door answers in its own form."""
    assert {door: response.status_code for door, response in responses.items()} == dict.fromkeys(responses, status)
    assert again is None or {response.headers["Retry-After"] for response in responses.values()} == {again}
    if "api" in responses:
        assert responses["api"].json().keys() == {"success", "message"}
    if "reana" in responses:
        assert responses["reana"].json().keys() == {"message"}
    if "portal" in responses:
        assert responses["portal"].headers["Content-Type"] == "text/html; charset=utf-8"
        assert "Go to your workspaces" in responses["portal"].text
    assert "Traceback" not in doors.server.log()


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server_process(controller=False) as running:
        yield running


@pytest.fixture(scope="module")
def doors(server: LiveServer) -> Iterator[Doors]:
    with doors_of(server) as found:
        yield found


def problem_of(server: LiveServer, dependency: str) -> str:
    """Return what `/status/` says is wrong with something; it has to answer, whatever is."""
    response = httpx.get(f"{server.url}/status/", timeout=PATIENCE)
    found = response.json()["dependencies"][dependency]
    assert response.status_code == (200 if found["connected"] else 503)
    return "" if found["connected"] else str(found["message"])


@contextmanager
def locked(server: LiveServer) -> Iterator[None]:
    """Hold the lock of SQLite, as a backup or another program may."""
    with closing(sqlite3.connect(server.folder / DATABASE_NAME, isolation_level=None, timeout=PATIENCE)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")


def test_who_only_reads_does_not_wait_for_a_lock(server: LiveServer, doors: Doors) -> None:
    """Before: 30 s and then 500, for the first use of a token was written down."""
    fresh = {"UWS-Authorization": f"Token {new_token(server)}"}
    with locked(server):
        responses = [httpx.get(f"{server.url}/workspaces/", headers=fresh, timeout=PATIENCE), *doors.read().values()]
    assert [response.status_code for response in responses] == [200] * 4
    assert httpx.get(f"{server.url}/workspaces/", headers=fresh, timeout=PATIENCE).status_code == 200
    with closing(sqlite3.connect(server.folder / DATABASE_NAME)) as database:
        assert database.execute(USED).fetchone() == (1,), "and is written down as soon as it can be"


def test_who_writes_is_told_when_to_come_back(server: LiveServer, doors: Doors) -> None:
    """Before: 30 s and then 500."""
    ticket = doors.ticket()
    with locked(server):
        responses, watching = doors.write(), doors.watch(ticket)
    all_say(doors, responses, 503, AGAIN)
    assert watching == (503, AGAIN)
    assert doors.watch(ticket) == (101, None)
    assert [response.status_code for response in doors.write().values()] == [200, 201, 302]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own."""
    if os.geteuid() != 0:
        pytest.skip("a full disk cannot be had without root: mounting a small file system is refused")
    mounting = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(tmp_path)]
    mounted = subprocess.run(mounting, check=False, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a full disk cannot be had here: {mounted.stderr.strip()}")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_full_disk_is_told_and_reading_goes_on(small_disk: Path) -> None:
    """Before: 500, and 400 where a session could not be stored."""
    further = {"DATABASE_URL": f"sqlite:///{small_disk / DATABASE_NAME}"}
    with live_server_process(controller=False, further=further) as server, doors_of(server) as doors:
        ballast = small_disk / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        responses = doors.write()
        for _ in range(100):  # SQLite has pages left that it can fill
            responses = doors.write() if responses["api"].status_code == 200 else responses
        all_say(doors, responses, 507, None)
        assert {response.status_code for response in doors.read().values()} == {200}
        assert "The disk of the database is full" in eventually(lambda: problem_of(server, "database"))
        ballast.unlink()
        assert doors.write()["api"].status_code == 200


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
    """The server of a database, to be ended and started again as it was."""

    url: str

    def __post_init__(self) -> None:
        with psycopg.connect(self.url) as connection:
            found = connection.execute("SHOW data_directory").fetchone()
        assert found
        self.folder = Path(found[0])
        self.pid = int((self.folder / "postmaster.pid").read_text().split()[0])
        self.command = Path(f"/proc/{self.pid}/cmdline").read_text().rstrip("\0").split("\0")

    def end(self) -> None:
        """End it at once, as a crash does, with all on disk that was committed; its parent is the fixture's."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("CHECKPOINT")  # for tests, commits do not wait for the disk
        os.kill(self.pid, signal.SIGQUIT)
        eventually(lambda: not self._answers())

    @contextmanager
    def started(self) -> Iterator[None]:
        """Start it again for a block."""
        owner = self.folder.stat()
        again = subprocess.Popen(
            self.command, user=owner.st_uid, group=owner.st_gid, cwd="/", stderr=subprocess.DEVNULL
        )
        try:
            eventually(self._answers)
            yield
        finally:
            again.send_signal(signal.SIGQUIT)
            again.wait()

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url, connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True


def test_postgresql_that_is_away_is_told_and_found_again(postgres: str) -> None:
    """Before: 500 everywhere."""
    with live_server_process(controller=False, further={"DATABASE_URL": postgres}) as server, doors_of(server) as doors:
        assert {response.status_code for response in doors.read().values()} == {200}
        ticket, postmaster = doors.ticket(), Postmaster(postgres)
        postmaster.end()
        eventually(lambda: "the routes cannot be read" in server.log())
        all_say(doors, doors.read(), 503, AGAIN)
        all_say(doors, doors.write(), 503, AGAIN)
        assert doors.watch(ticket) == (503, AGAIN)
        assert eventually(lambda: problem_of(server, "database")) == "The database does not respond."
        with postmaster.started():
            assert {response.status_code for response in doors.read().values()} == {200}
            assert [response.status_code for response in doors.write().values()] == [200, 201, 302]


def test_table_of_postgresql_that_is_locked_keeps_nobody_waiting(postgres: str) -> None:
    """Before: a request waited for as long as the lock was held."""
    with live_server_process(controller=False, further={"DATABASE_URL": postgres}) as server, doors_of(server) as doors:
        with psycopg.connect(postgres) as other:
            other.execute("LOCK TABLE workspaces_workspace IN ACCESS EXCLUSIVE MODE")
            responses = {"api": doors.read()["api"], "portal": doors.browser.get("/")}
        all_say(doors, responses, 503, AGAIN)
        assert {response.status_code for response in doors.read().values()} == {200}
