"""Commands that know only the data folder find the server that runs there."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from support.live_server import MANAGE, LiveServer, live_server_process, process_of, surroundings
from user_workspaces.testing.waiting import eventually

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server_process() as running:
        yield running


def manage(server: LiveServer, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command with the data folder as the only setting of the server."""
    environment = {**surroundings(), "UWS_DATA_DIR": str(server.folder)}
    command = [sys.executable, MANAGE, *arguments]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True)


def test_login_link_leads_to_the_running_server(server: LiveServer) -> None:
    link = manage(server, "login_link", server.username).stdout.strip()
    assert link.startswith(f"{server.url}/login/")
    assert httpx.get(link).status_code == httpx.codes.OK


@pytest.mark.soak
def test_stop_lists_processes_of_other_commands(server: LiveServer) -> None:
    with process_of(server, "alias", "qcluster"):
        eventually(lambda: "running; sessions keep running" in (server.folder / "alias.log").read_text())
        said = manage(server, "stop").stderr
    assert f"Still running: `manage.py runserver` at {server.url}, process {server.pids['web']}." in said
    assert f"Still running: `manage.py controller`, process {server.pids['controller']}." in said
    assert f"Still running: `manage.py qcluster`, process {server.pids['alias']}." in said
    assert "No server was running" not in said
    assert re.search(r"or run: kill( \d+){3}$", said.strip())
    assert httpx.get(f"{server.url}/status/").is_success


@pytest.mark.soak
def test_file_of_a_killed_server_is_ignored() -> None:
    with live_server_process(controller=False) as server:
        os.kill(server.pids["web"], signal.SIGKILL)
        eventually(lambda: not _responds(server))
        link = manage(server, "login_link", server.username).stdout.strip()
        assert link.startswith("http://localhost:8000/login/")
        assert "No server was running." in manage(server, "stop").stderr


def _responds(server: LiveServer) -> bool:
    try:
        return httpx.get(f"{server.url}/status/").is_success
    except httpx.TransportError:
        return False
