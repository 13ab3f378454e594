"""The real `reana-client` from PyPI in a separate environment, and one server for all its tests."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration.reana import analysis
from support.live_server import LiveServer, live_server_process
from support.server_process import REPOSITORY, wait_for

PROGRAM = REPOSITORY / ".cache" / "reana-client" / "bin" / "reana-client"
LONGEST = 300.0


@dataclass(frozen=True)
class ClientOutput:
    """Output of the client."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        """Output lines without empty ones and trailing spaces."""
        return [line.rstrip() for line in self.out.splitlines() if line.strip()]

    @property
    def rows(self) -> list[list[str]]:
        """Rows of a table, without the header."""
        return [line.split() for line in self.lines[1:]]

    @property
    def json(self) -> Any:
        """Output parsed as JSON."""
        return json.loads(self.out)


@dataclass
class Reana:
    """One user's client in its own folder."""

    server: LiveServer
    token: str = field(repr=False)
    folder: Path = Path()

    def __call__(self, *arguments: str, **environment: str) -> ClientOutput:
        """Run a command."""
        done = subprocess.run(
            [str(PROGRAM), *arguments],
            cwd=self.folder,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "LC_ALL": "C.UTF-8",
                "PYTHONWARNINGS": "ignore",
                "REANA_SERVER_URL": self.server.url,
                "REANA_ACCESS_TOKEN": self.token,
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        return ClientOutput(done.returncode, done.stdout, done.stderr)

    def get(self, path: str, **query: str) -> httpx.Response:
        """Send a GET directly: starting the client takes seconds."""
        return self.request("GET", path, **query)

    def request(self, method: str, path: str, json: object = None, **query: str) -> httpx.Response:
        """Send a request like the client."""
        url = f"{self.server.url}/api/{path}"
        return httpx.request(method, url, params={"access_token": self.token, **query}, json=json, timeout=LONGEST)

    def status(self, run: str) -> str:
        """Return the status of a run."""
        status: str = self.get(f"workflows/{run}/status").json()["status"]
        return status

    def wait(self, run: str, *statuses: str) -> str:
        """Wait for one of these statuses."""

        def look() -> str | None:
            status = self.status(run)
            return status if status in statuses else None

        return wait_for(look, within=LONGEST, what=f"{run} {statuses}")

    def make(self, name: str) -> None:
        """Create a run with its files."""
        assert self("create", "-w", name).code == 0
        assert self("upload", "-w", name).code == 0

    def finish(self, name: str, **parameters: object) -> None:
        """Create a run without the slow client, and run it to its end."""
        self.begin(name, **parameters)
        assert self.wait(name, "finished", "failed", "stopped") == "finished"

    def begin(self, name: str, **parameters: object) -> None:
        """Create and start a run without the client."""
        put = partial(self.request, "POST")
        assert put("workflows", json=specification(), workflow_name=name).status_code == 201
        for path in ("reana.yaml", "code/greet.py", "data/names.txt"):
            httpx.post(
                f"{self.server.url}/api/workflows/{name}/workspace",
                params={"access_token": self.token, "file_name": path},
                content=(self.folder / path).read_bytes(),
                headers={"Content-Type": "application/octet-stream"},
                timeout=LONGEST,
            ).raise_for_status()
        put(f"workflows/{name}/start", json={"input_parameters": parameters}).raise_for_status()


def specification() -> dict[str, Any]:
    """Return the analysis's specification as the client sends it."""
    import yaml  # noqa: PLC0415  only here

    found: dict[str, Any] = yaml.safe_load(analysis.SPECIFICATION)
    return found


@pytest.fixture(scope="session")
def reana_client() -> None:
    """The client, installed if missing."""
    install_client()


def install_client() -> None:
    """Install it if missing; skip the test if that fails."""
    done = subprocess.run(
        [str(REPOSITORY / "scripts" / "install"), "reana-client"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"reana-client cannot be installed here: {done.stderr[-500:]}")


@pytest.fixture(scope="session")
def reana_server(reana_client: None) -> Iterator[LiveServer]:
    """One server for all tests, whose runs have different names."""

    def without_rate_limit(config: dict[str, Any]) -> None:
        config["workflows"] = {"requests_per_second": None}

    with live_server_process(change=without_rate_limit) as server:
        yield server


@pytest.fixture(scope="session")
def reana_token(reana_server: LiveServer) -> str:
    return token_of(reana_server, reana_server.username)


def token_of(server: LiveServer, user: str) -> str:
    """Get a token like a data portal."""
    client_token = server.manage("create_client_token", "portal")
    body = {"client_token": client_token, "user_info": {"username": user, "email": f"{user}@example.org"}}
    response = httpx.post(f"{server.url}/tokens/", json=body, timeout=LONGEST)
    token: str = response.raise_for_status().json()["token"]
    return token


@pytest.fixture
def reana(reana_server: LiveServer, reana_token: str, tmp_path: Path) -> Reana:
    """The client with the analysis in its folder."""
    analysis.write(tmp_path)
    return Reana(reana_server, reana_token, tmp_path)
