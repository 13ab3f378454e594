"""Several web processes and controllers on one database, each of which can be killed and started again."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
from psycopg.sql import SQL, Identifier

from support.live_server import account, configuration, surroundings
from support.server_process import REPOSITORY, Caller, free_port, wait_for
from support.template_database import copy_migrated_database

LEASE_SECONDS = "10"
"""Shorter than the default: tests kill the holders of leases and wait for other processes to take over."""
PATIENCE = 180.0
"""Seconds for a process to start or to end, also on a slow machine."""


@dataclass
class Fleet:
    """The processes of one installation; `users` are user names that it can serve on this machine."""

    folder: Path
    users: tuple[str, ...]
    environment: Mapping[str, str]
    ports: dict[str, int] = field(default_factory=dict)
    """The ports of the web processes, by name."""
    _running: "dict[str, subprocess.Popen[bytes]]" = field(default_factory=dict)
    _tokens: dict[str, str] = field(default_factory=dict)

    def url(self, name: str = "web") -> str:
        """Return the address of a web process."""
        return f"http://localhost:{self.ports[name]}"

    def start_web(self, name: str = "web") -> None:
        """Start a web process, always on the same port, and wait until it responds."""
        port = self.ports.setdefault(name, free_port())
        self._start(name, "runserver", f"127.0.0.1:{port}")
        wait_for(lambda: self._responds(name), within=PATIENCE, what=name)

    def start_controller(self, name: str = "controller") -> None:
        """Start a controller and wait until it is running."""
        before = self.log(name).count("sessions keep running")
        self._start(name, "controller")
        wait_for(lambda: self._lives(name) and self.log(name).count("sessions keep running") > before, within=PATIENCE)

    def kill(self, name: str) -> None:
        """Kill a process with SIGKILL."""
        process = self._running.pop(name)
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)

    def pids(self) -> dict[str, int]:
        """Return the PIDs of the running processes, by name."""
        return {name: process.pid for name, process in self._running.items()}

    def log(self, name: str) -> str:
        """Return the output of the processes with this name, in order."""
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def manage(self, *arguments: str) -> str:
        """Run a command of `manage.py` beside the processes; return its output."""
        done = subprocess.run(
            [sys.executable, str(REPOSITORY / "manage.py"), *arguments],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def ask(self, code: str) -> Any:
        """Run code in a process of the installation; return the value of its variable `found`, converted by JSON."""
        lines = f"{code}\nimport json\nprint('\\n' + json.dumps(found))"
        return json.loads(self.manage("shell", "--no-imports", "-c", lines).splitlines()[-1])

    def sign_in(self, username: str, web: str = "web") -> Caller:
        """Return a user's client with a new token for one of the web processes; the caller closes its `http`."""
        if "client" not in self._tokens:
            self._tokens["client"] = self.manage("create_client_token", "tests")
        user = {"username": username, "email": f"{username}@example.org"}
        body = {"client_token": self._tokens["client"], "user_info": user}
        response = httpx.post(f"{self.url(web)}/tokens/", json=body, timeout=PATIENCE)
        assert response.is_success, response.text
        headers = {"UWS-Authorization": f"Token {response.json()['token']}"}
        return Caller(httpx.Client(base_url=self.url(web), headers=headers, timeout=PATIENCE))

    def end(self) -> None:
        """Terminate all running processes, and kill those that do not end."""
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            try:
                process.wait(PATIENCE)
            finally:
                process.kill()
                process.wait()

    def _start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self._running[name] = subprocess.Popen(
                [sys.executable, str(REPOSITORY / "manage.py"), *command],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
            )  # fmt: skip

    def _lives(self, name: str) -> bool:
        assert self._running[name].poll() is None, self.log(name)
        return True

    def _responds(self, name: str) -> bool:
        self._lives(name)
        try:
            return httpx.get(f"{self.url(name)}/job_types/", timeout=PATIENCE).is_success
        except httpx.TransportError:
            return False


@contextmanager
def fleet(
    *,
    users: int = 2,
    change: Callable[[dict[str, Any]], None] = lambda _: None,
    further: Mapping[str, str] | None = None,
) -> Iterator[Fleet]:
    """Create an installation with its database, and at the end stop its processes; none is started here.

    `change` changes the configuration first; `further` is added to the environment.
    """
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="uws-fleet-", dir="/tmp"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        folder.chmod(0o755)  # the accounts of users pass through it
        config = configuration()
        change(config)
        (folder / "config.json").write_text(json.dumps(config))
        (folder / "tmp").mkdir(mode=0o700)
        names = tuple(stack.enter_context(account()) for _ in range(users))
        own = {
            "UWS_DATA_DIR": str(folder),
            "UWS_HOST": "127.0.0.1",
            "UWS_LEASE_SECONDS": LEASE_SECONDS,
            "TMPDIR": str(folder / "tmp"),
        }
        made = Fleet(folder, names, surroundings() | own | dict(further or {}))
        if "DATABASE_URL" in made.environment:
            made.manage("migrate", "--verbosity=0", "--skip-checks")
        else:
            copy_migrated_database(folder / "database.sqlite3")
        stack.callback(made.end)
        yield made


@contextmanager
def own_database(server: str) -> Iterator[str]:
    """Create an empty database on the PostgreSQL server at this URL, yield its URL, and drop it at the end."""
    name = f"fleet_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        yield urlunsplit(urlsplit(server)._replace(path=f"/{name}"))
        connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def directories(fleet: Fleet) -> dict[int, Path]:
    """Return the directories of workspaces on disk, by ID."""
    return {int(path.name): path for path in (fleet.folder / "workspaces").glob("*/*") if path.name.isdigit()}


def hidden_files(fleet: Fleet) -> list[Path]:
    """Return the files of the storage's unfinished operations."""
    found = [Path(top) / name for top, _, names in os.walk(fleet.folder / "workspaces") for name in names]
    return [path for path in found if ".uws-part-" in str(path)]
