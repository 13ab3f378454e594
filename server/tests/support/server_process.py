"""A real server as users run it: `manage.py start` in a separate process with its own data folder."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import httpx

from support.template_database import copy_migrated_database
from user_workspaces.testing.waiting import eventually

REPOSITORY = Path(__file__).resolve().parents[3]
ADA, GRACE = (f"uwstest{number}{os.environ.get('PYTEST_XDIST_WORKER', '')}" for number in (1, 2))
"""Users with accounts of this machine, different ones in each process that runs tests."""
KEPT = ("PATH", "HOME", "LANG")
PORTS = range(10_000, 32_000)
"""Below the ephemeral ports, so that no outgoing connection takes the port while the server starts."""
OF_THE_NETWORK = ("PIP_", "SSL_CERT_", "REQUESTS_CA_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")
"""Prefixes of the variables with which this machine reaches its package registries."""
Found = TypeVar("Found")


def environments() -> Path:
    """Return the folder that keeps the JupyterLab of the tests between runs, so that it is installed once per machine.

    The accounts of users have to reach it, so it is outside of a repository that they cannot enter.
    """
    named = os.environ.get("UWS_TEST_ENVIRONMENTS")
    if named:
        return Path(named)
    closed = any(not folder.stat().st_mode & 0o001 for folder in (REPOSITORY, *REPOSITORY.parents))
    if os.geteuid() == 0 and closed:
        return Path("/var/tmp/uws-test-environments")  # noqa: S108  root's own, made below
    return REPOSITORY / ".cache" / "test-environments"


def free_port() -> int:
    """Return a free port that no other test gets before this process has ended."""
    for port in random.SystemRandom().sample(PORTS, 100):
        mark = socket.socket(socket.AF_UNIX)
        try:
            mark.bind(f"\0uws-test-port-{port}")
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            mark.close()
            continue
        mark.detach()  # it stays open until the process ends
        return port
    raise AssertionError("A hundred ports are taken.")


def wait_for(condition: Callable[[], Found | None], *, within: float = 120.0, what: str = "it") -> Found:
    """Return what the condition returns as soon as it is true; fail after `within` seconds."""
    try:
        return eventually(condition, limit_seconds=within)
    except AssertionError as error:
        raise AssertionError(f"{what} did not come: {error}") from None


@dataclass
class RunningServer:
    """One server; `data_dir` holds all of its files."""

    data_dir: Path
    port: int
    process: "subprocess.Popen[str] | None" = None
    log_in_link: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    clients: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    """The HTTP clients of the users who were signed in; closed with the server."""

    @property
    def url(self) -> str:
        """The address of the server."""
        return f"http://localhost:{self.port}"

    def start(self) -> None:
        """Start the server and wait for its output: the addresses and the login link."""
        (self.data_dir / "start.log").touch(mode=0o600)
        with (self.data_dir / "start.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, str(REPOSITORY / "manage.py"), "start"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env=self._environment(),
                start_new_session=True,
            )
        assert self.process.stdout
        lines = []
        while "Log in" not in (line := self.process.stdout.readline()):
            if not line:
                self._ended()
                raise AssertionError((self.data_dir / "start.log").read_text())
            lines.append(line.split()[-1])
        assert f"{self.url}/" in lines
        self.addresses, self.log_in_link = lines, line.split()[-1]

    def interrupt(self) -> None:
        """Interrupt the server as Ctrl-C does: it ends, and sessions keep running."""
        assert self.process
        self.process.send_signal(signal.SIGINT)
        self._ended()

    def manage(self, *arguments: str) -> str:
        """Run a management command and return what it printed."""
        done = subprocess.run(
            [sys.executable, str(REPOSITORY / "manage.py"), *arguments],
            capture_output=True,
            text=True,
            env=self._environment(),
            timeout=180,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def pids(self) -> dict[str, int]:
        """Return the PIDs of the supervisor, the web process and the controller."""
        pids: dict[str, int] = json.loads((self.data_dir / "processes.json").read_text())
        return pids

    def stop(self) -> None:
        """End the sessions and the server."""
        self.manage("stop")
        if self.process:
            self._ended()

    def _ended(self) -> None:
        assert self.process
        assert self.process.stdout
        self.process.wait(30)
        self.process.stdout.close()
        self.process = None

    def _environment(self) -> dict[str, str]:
        inherited = {
            name: value for name, value in os.environ.items() if name in KEPT or name.startswith(OF_THE_NETWORK)
        }
        return {
            **inherited,
            "UWS_DATA_DIR": str(self.data_dir),
            "UWS_PORT": str(self.port),
            "UWS_USER": ADA,
            **self.environment,
        }


@dataclass(frozen=True)
class Caller:
    """A user's client of the API."""

    http: httpx.Client

    def call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """Send a request, expect success, and return `data`."""
        response = self.http.request(method, path, **request)
        assert response.is_success, response.text
        body: dict[str, Any] = response.json()
        assert body["success"]
        data: dict[str, Any] = body.get("data", {})
        return data

    def make_workspace(self, name: str = "cell-atlas") -> int:
        """Make a workspace with a file."""
        files = [{"name": "notes.txt", "content": "hello"}]
        body = {"name": name, "description": "", "workspace_details": {"files": files}}
        number: int = self.call("POST", "/workspaces/", json=body)["id"]
        return number

    def launch(self, workspace: int, job_type: str = "jupyter_lab") -> int:
        """Launch a job in a workspace and return its ID."""
        number: int = self.call("PUT", f"/workspaces/{workspace}/start/", json={"job_type": job_type})["job"]["id"]
        return number

    def job(self, number: int) -> dict[str, Any]:
        """Return a job."""
        job: dict[str, Any] = self.call("GET", f"/jobs/{number}/")["jobs"][0]
        return job

    def wait_until(self, number: int, status: str, *, ready: bool = False, within: float = 90.0) -> dict[str, Any]:
        """Wait until a job has a status (and responds, if `ready` is set)."""

        def look() -> dict[str, Any] | None:
            job = self.job(number)
            responses = "connection_details" in job["job_details"]["current_job_details"]
            return job if job["status"] == status and (responses or not ready) else None

        return wait_for(look, within=within, what=f"job {number} {status}")


def sign_in(server: RunningServer, username: str = ADA) -> Caller:
    """Get a token for a user as a portal does; return a client with it."""
    body = {
        "client_token": server.manage("create_client_token", "tests"),
        "user_info": {"username": username, "email": f"{username}@example.org"},
    }
    response = httpx.post(f"{server.url}/tokens/", json=body)
    assert response.is_success, response.text
    headers = {"UWS-Authorization": f"Token {response.json()['token']}"}
    client = httpx.Client(base_url=server.url, headers=headers, timeout=60)
    server.clients.callback(client.close)  # some tests enter it themselves, which is possible only once
    return Caller(client)


@contextlib.contextmanager
def open_session(job: dict[str, Any], *, page: str = "lab") -> Iterator[httpx.Client]:
    """Open a session as a browser does (ticket, cookie, redirect); yield a client of the session."""
    details = job["job_details"]["current_job_details"]["connection_details"]
    domain = details["url_domain"]
    transport = ToLoopback(port=int(domain.rpartition(":")[2]))
    with httpx.Client(transport=transport, base_url=domain, follow_redirects=True, timeout=60) as client:
        response = client.get(details["url_path"].replace("/lab?", f"/{page}?"))
        assert response.status_code == httpx.codes.OK, response.text
        assert "ticket=" not in str(response.url)
        yield client


class ToLoopback(httpx.HTTPTransport):
    """Resolves `*.localhost` to loopback as browsers do; Python would ask a name server that may not know it."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to loopback, with the original name in the Host header."""
        url = request.url.copy_with(host="127.0.0.1", port=self._port)
        sent = httpx.Request(request.method, url, headers=request.headers, stream=request.stream)
        return super().handle_request(sent)


@contextlib.contextmanager
def running_server(
    resource: dict[str, Any] | None = None,
    *,
    workflows: dict[str, Any] | None = None,
    site: dict[str, Any] | None = None,
    **environment: str,
) -> Iterator[RunningServer]:
    """Run a server until the end of the block.

    `resource` is merged into the example configuration's resource `local`, and `site` into the configuration itself.
    """
    shared = environments() / "environments"
    shared.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="uws-live-", ignore_cleanup_errors=True) as folder:
        data_dir = Path(folder)
        data_dir.chmod(0o755)
        (data_dir / "environments").symlink_to(shared)
        config = json.loads((REPOSITORY / "example_config.json").read_text())
        config["available_resources"]["local"].update(resource or {})
        config["workflows"] = workflows or {}
        config.update(site or {})
        (data_dir / "config.json").touch(mode=0o600)
        (data_dir / "config.json").write_text(json.dumps(config))
        if "DATABASE_URL" not in environment:
            copy_migrated_database(data_dir / "database.sqlite3")
        server = RunningServer(data_dir, free_port(), environment=environment)
        try:
            server.start()
            with server.clients:
                yield server
        finally:
            if server.process:
                server.stop()
