"""A server of its own for a test: the processes that an operator starts, on a free port, in a folder of its own."""

import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from user_workspaces.config.site_config import EMBEDDED_DEFAULT
from user_workspaces.testing.waiting import eventually

PROJECT = Path(__file__).resolve().parents[2]
OURS = ("DATABASE_URL", "DJANGO_SETTINGS_MODULE")
END_SECONDS = 30


@dataclass(frozen=True)
class LiveServer:
    """A running server; `person` is a user name that it can serve on this machine."""

    port: int
    folder: Path
    person: str
    environment: Mapping[str, str]

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://localhost:{self.port}"

    def manage(self, *arguments: str) -> str:
        """Run a command of `manage.py` beside the server; return what it printed."""
        command = [sys.executable, str(PROJECT / "manage.py"), *arguments]
        done = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def log(self, name: str) -> str:
        """Return what the process `web` or `controller` printed."""
        return (self.folder / f"{name}.log").read_text()


@contextmanager
def running_server(*, controller: bool = True) -> Iterator[LiveServer]:
    """Start a server on an empty database and end it; without `controller` nothing is launched."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="uws-live-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)  # the accounts of people pass through it
        (folder / "config.json").write_text(json.dumps(_configuration()))
        port = free_port()
        environment = _surroundings() | {"UWS_DATA_DIR": str(folder), "UWS_PORT": str(port), "UWS_HOST": "127.0.0.1"}
        server = LiveServer(port, folder, stack.enter_context(_account()), environment)
        server.manage("migrate", "--verbosity=0")
        stack.enter_context(_process(server, "web", "runserver"))
        if controller:
            stack.enter_context(_process(server, "controller", "controller"))
        eventually(lambda: _answers(server))
        yield server


def free_port() -> int:
    """Return a port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _configuration() -> dict[str, object]:
    """Return the embedded default, but for accounts: a test makes none that it does not take away again."""
    config: dict[str, object] = json.loads(EMBEDDED_DEFAULT.read_bytes())
    for authentication in config["available_user_authentication"].values():  # type: ignore[attr-defined]  # it is JSON
        authentication["connection_details"]["create_external_users"] = False
    return config


def _surroundings() -> dict[str, str]:
    """Return the environment without what the tests themselves were started with."""
    return {name: value for name, value in os.environ.items() if not name.startswith("UWS_") and name not in OURS}


@contextmanager
def _account() -> Iterator[str]:
    """Give the name of somebody who can have a workspace: where we are root, with an account made for it."""
    if os.geteuid() != 0:
        yield pwd.getpwuid(os.geteuid()).pw_name
        return
    name = f"uws-test-{os.getpid()}"
    subprocess.run(["useradd", "--no-create-home", "--user-group", name], check=True)
    try:
        yield name
    finally:
        subprocess.run(["userdel", "--force", name], check=True, capture_output=True)


@contextmanager
def _process(server: LiveServer, name: str, command: str) -> Iterator[None]:
    with (server.folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, str(PROJECT / "manage.py"), command], env=server.environment, stdout=log, stderr=log
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_SECONDS)
        finally:
            process.kill()
            process.wait()


def _answers(server: LiveServer) -> bool:
    try:
        return httpx.get(f"{server.url}/status/").is_success
    except httpx.TransportError:
        return False
