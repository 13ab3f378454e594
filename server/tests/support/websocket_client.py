"""Real web processes on the database of the tests, and WebSocket clients for them."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.utils import timezone
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from support.server_process import REPOSITORY, free_port
from user_workspaces.accounts.models import User
from user_workspaces.jobs.models import Job
from user_workspaces.testing.waiting import eventually

PATIENCE = 60.0
ORIGIN_OF_A_PORTAL = "https://portal.example.org"


@dataclass
class WebProcess:
    """One web process."""

    port: int
    folder: Path
    process: "subprocess.Popen[bytes]" = field(repr=False)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def log(self) -> str:
        return (self.folder / "web.log").read_text()

    def memory(self) -> int:
        """Return its current resident memory in KiB."""
        lines = Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


@contextmanager
def web_process() -> Iterator[WebProcess]:
    """Run a web process with the keys of the tests and the origin of an external portal as an allowed one."""
    with tempfile.TemporaryDirectory(prefix="uws-ws-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        config = json.loads((REPOSITORY / "example_config.json").read_text())
        config["cors_allowed_origins"] = [ORIGIN_OF_A_PORTAL]
        (folder / "config.json").write_text(json.dumps(config))
        port = free_port()
        with (folder / "web.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, str(REPOSITORY / "manage.py"), "runserver"],
                env=_environment(folder, port),
                stdout=log,
                stderr=log,
            )
        running = WebProcess(port, folder, process)
        try:
            eventually(lambda: _responds(running), limit_seconds=120)
            yield running
        finally:
            process.terminate()
            process.wait(PATIENCE)


def _environment(folder: Path, port: int) -> dict[str, str]:
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return inherited | {
        "UWS_DATA_DIR": str(folder),
        "UWS_HOST": "127.0.0.1",
        "UWS_PORT": str(port),
        "UWS_SECRET_KEY": settings.SECRET_KEY,
        "UWS_ENCRYPTION_KEY": settings.ENCRYPTION_KEY,
        "DATABASE_URL": _database_url(),
    }


def _database_url() -> str:
    """Return the URL of the tests' database."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    who = f"{found['USER']}:{found['PASSWORD']}@{found['HOST']}:{found['PORT']}"
    return f"postgresql://{who}/{found['NAME']}"


def _responds(running: WebProcess) -> bool:
    assert running.process.poll() is None, running.log()
    try:
        return bool(httpx.get(f"{running.url}/job_types/").is_success)
    except httpx.TransportError:
        return False


@dataclass
class Subscriber:
    """A user with a token."""

    user: User
    token: str

    def job(self, status: str = "pending", **fields: object) -> Job:
        """Create a job of this user."""
        now = timezone.now()
        values: dict[str, object] = {
            "owner": self.user,
            "workspace_id": 1,
            "job_type": "jupyter_lab",
            "resource": "local",
            "status": status,
            "message": "Waiting for the resource.",
            "datetime_created": now,
        }
        if status in {"complete", "failed"}:
            values["datetime_end"] = now
        return Job.objects.create(**{**values, **fields})


@dataclass
class Socket:
    """An open WebSocket that receives changes of jobs."""

    connection: ClientConnection

    def next(self) -> dict[str, Any]:
        """Return the next message."""
        message: dict[str, Any] = json.loads(self.connection.recv(timeout=PATIENCE))
        return message

    def until(self, status: str, text: str | None = None) -> dict[str, Any]:
        """Return the first message with this status and text; discard earlier ones."""
        while True:
            message = self.next()
            if message["status"] == status and text in (None, message["current_job_details"]["message"]):
                return message

    def nothing_more(self) -> bool:
        """Return whether no message arrives while the server checks for changes several times."""
        try:
            self.connection.recv(timeout=1.0)
        except TimeoutError:
            return True
        return False

    def close_code(self) -> int | None:
        """Read to the end and return the server's close code."""
        try:
            while True:
                self.connection.recv(timeout=PATIENCE)
        except ConnectionClosed:
            return self.connection.close_code


@contextmanager
def watch(
    server: WebProcess, path: str = "/jobs/", token: str = "", *, offered: str = "", **fields: str
) -> Iterator[Socket]:
    """Open a WebSocket; `offered` are sub-protocols, `fields` further headers."""
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    if token:
        headers["UWS-Authorization"] = f"Token {token}"
    subprotocols = [Subprotocol(name) for name in offered.split()] or None
    uri = f"ws://localhost:{server.port}{path}"
    with connect(
        uri, additional_headers=headers, subprotocols=subprotocols, open_timeout=PATIENCE, proxy=None
    ) as opened:
        yield Socket(opened)


def handshake_error(server: WebProcess, path: str = "/jobs/", token: str = "", **fields: str) -> tuple[int, str]:
    """Return the status and the message of a refused handshake."""
    with pytest.raises(InvalidStatus) as refused, watch(server, path, token, **fields):
        pass
    response = refused.value.response
    body = json.loads(response.body or b"{}")
    assert body["success"] is False
    assert response.headers["Content-Type"] == "application/json"
    return response.status_code, body["message"]


def change(job: Job, **fields: object) -> None:
    """Write a change of a job, as the controller does."""
    assert Job.objects.filter(pk=job.pk).update(**fields)


def log_in(user: User) -> str:
    """Log a user in to the portal and return the cookie."""
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"


def ticket_for(server: WebProcess, token: str) -> str:
    """Get a ticket as a client does."""
    answer = httpx.post(f"{server.url}/live_tickets/", headers={"UWS-Authorization": f"Token {token}"})
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.json()
    assert (body["success"], body["data"]["expires_in"]) == (True, 30)
    return str(body["data"]["ticket"])
