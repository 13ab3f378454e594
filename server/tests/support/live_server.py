"""The server as separate processes: `migrate`, `runserver` and a controller, without JupyterLab."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from support.machine_accounts import add_account, remove_account
from support.server_process import REPOSITORY, free_port
from support.template_database import copy_migrated_database
from user_workspaces.config.load_config import EMBEDDED_DEFAULT
from user_workspaces.testing.waiting import eventually

PASSED_ON = ("PATH", "HOME", "LANG")
END_SECONDS = 60
MANAGE = str(REPOSITORY / "manage.py")


@dataclass(frozen=True)
class LiveServer:
    """A running server; `username` is a user that it can serve on this machine."""

    port: int
    folder: Path
    username: str
    environment: Mapping[str, str]
    pids: dict[str, int] = field(default_factory=dict)
    """The PIDs of `web` and `controller`."""

    @property
    def url(self) -> str:
        """The address, without a slash at the end."""
        return f"http://localhost:{self.port}"

    def manage(self, *arguments: str) -> str:
        """Run a command of `manage.py` beside the server; return its output."""
        command = [sys.executable, MANAGE, *arguments]
        done = subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def log(self) -> str:
        """Return the output of the processes."""
        return "\n".join(path.read_text() for path in sorted(self.folder.glob("*.log")))


@contextmanager
def live_server_process(
    *,
    controller: bool = True,
    port: int | None = None,
    change: Callable[[dict[str, Any]], None] = lambda _: None,
    further: Mapping[str, str] | None = None,
    before: Sequence[str] = (),
) -> Iterator[LiveServer]:
    """Start a server on an empty database and end it; without `controller` nothing is launched.

    `change` changes the configuration first; `further` is added to the environment; `before` is a command that runs
    the processes, with its arguments.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="uws-live-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)  # the accounts of users pass through it
        config = configuration()
        change(config)
        (folder / "config.json").write_text(json.dumps(config))
        port = port or free_port()
        own = {"UWS_DATA_DIR": str(folder), "UWS_PORT": str(port), "UWS_HOST": "127.0.0.1"}
        server = LiveServer(port, folder, stack.enter_context(account()), surroundings() | own | dict(further or {}))
        if "DATABASE_URL" in server.environment:
            server.manage("migrate", "--verbosity=0", "--skip-checks")
        else:
            copy_migrated_database(folder / "database.sqlite3")
        stack.enter_context(process_of(server, "web", "runserver", before))
        if controller:
            stack.enter_context(process_of(server, "controller", "controller", before))
        eventually(lambda: _responds(server))
        yield server


def surroundings() -> dict[str, str]:
    """Return the environment without the variables of the test run."""
    return {name: os.environ[name] for name in PASSED_ON if name in os.environ}


def configuration() -> dict[str, Any]:
    """Return the embedded default, but without the creation of accounts, which tests would not remove."""
    config: dict[str, Any] = json.loads(EMBEDDED_DEFAULT.read_bytes())
    for authentication in config["available_user_authentication"].values():
        authentication["connection_details"]["create_external_users"] = False
    return config


@contextmanager
def account() -> Iterator[str]:
    """Yield the name of a user who can have a workspace; if the tests run as root, create an account for it."""
    name = f"uws-test-{secrets.token_hex(4)}"
    if os.geteuid() != 0:
        yield name
        return
    add_account(name, "--no-create-home")
    try:
        yield name
    finally:
        remove_account(name)


@contextmanager
def process_of(server: LiveServer, name: str, verb: str, before: Sequence[str] = ()) -> Iterator[None]:
    """Run `manage.py <verb>` with its output in `<name>.log`, and end it."""
    command = [*before, sys.executable, MANAGE, verb]
    with (server.folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=server.environment, stdout=log, stderr=log)
    server.pids[name] = process.pid
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(END_SECONDS)
        finally:
            process.kill()
            process.wait()


def _responds(server: LiveServer) -> bool:
    try:
        return httpx.get(f"{server.url}/status/").is_success
    except httpx.TransportError:
        return False
