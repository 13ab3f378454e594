"""Kills during a run, and hundreds of runs: all end correctly."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from integration.reana import analysis
from integration.reana.conftest import LONGEST, Reana, token_of
from support.budget import budget
from support.live_server import LiveServer, live_server_process, process_of
from support.server_process import wait_for

pytestmark = pytest.mark.slow
RUNS, AT_ONCE = budget(12, full=200), 4


def without_rate_limit(config: dict[str, Any]) -> None:
    config["workflows"] = {"requests_per_second": None, "runs_at_once": AT_ONCE, "queued_per_user": None}


@pytest.fixture
def server() -> Iterator[LiveServer]:
    """A separate server whose processes are killed."""
    with live_server_process(change=without_rate_limit) as running:
        yield running


@pytest.fixture
def ada(server: LiveServer, tmp_path: Path) -> Reana:
    analysis.write(tmp_path)
    return Reana(server, token_of(server, server.username), tmp_path)


def processes_with(*words: str) -> list[int]:
    """Return the processes with all these words in their command line."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            line = (folder / "cmdline").read_bytes().decode(errors="replace")
            if all(word in line for word in words):
                found.append(int(folder.name))
    return found


@pytest.mark.soak
def test_web_and_controller_are_killed_in_the_middle(server: LiveServer, ada: Reana) -> None:
    ada.begin("survivor", pause=3)
    wait_for(lambda: "Hello Jane" in ada.get("workflows/survivor/logs").json()["logs"], within=LONGEST)
    for pid in server.pids.values():
        os.kill(pid, signal.SIGKILL)
    with process_of(server, "web-2", "runserver"), process_of(server, "controller-2", "controller"):
        wait_for(lambda: is_responding(server), within=LONGEST)
        assert ada.wait("survivor", "finished", "failed", "stopped") == "finished"
        content = ada.get("workflows/survivor/workspace/results/greetings.txt").text
    assert content == "Hello Jane!\nHello Joe!\n"


def is_responding(server: LiveServer) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return httpx.get(f"{server.url}/api/ping", timeout=LONGEST).is_success
    return False


@pytest.mark.soak
def test_runner_is_killed_in_the_middle(ada: Reana) -> None:
    ada.begin("survivor", pause=2)
    wait_for(lambda: "Hello Jane" in ada.get("workflows/survivor/logs").json()["logs"], within=LONGEST)
    run = ada.get("workflows/survivor/status").json()["id"]
    for pid in processes_with("runner.pyz", run):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert ada.wait("survivor", "finished", "failed", "stopped") == "finished"
    assert ada.get("workflows/survivor/workspace/results/greetings.txt").text == "Hello Jane!\nHello Joe!\n"
    assert "runs again from its start" in ada.get("workflows/survivor/logs").json()["logs"]


@pytest.mark.soak
def test_many_runs_end_in_order(ada: Reana) -> None:
    step = {"name": "only", "environment": "python:3.12", "commands": ["true"]}
    document = {"version": "0.9.4", "workflow": {"type": "serial", "specification": {"steps": [step]}}}
    with httpx.Client(base_url=f"{ada.server.url}/api/", params={"access_token": ada.token}, timeout=LONGEST) as http:
        for number in range(RUNS):
            http.post("workflows", json=document, params={"workflow_name": f"n{number:03}"}).raise_for_status()
            http.post(f"workflows/n{number:03}/start", json={}).raise_for_status()

        def runs() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = http.get("workflows", params={"type": "batch"}).json()["items"]
            return items

        going = ("queued", "pending", "running")
        wait_for(lambda: not [one for one in runs() if one["status"] in going], within=20 * LONGEST)
        found = sorted(runs(), key=lambda one: str(one["name"]))
    assert [one["status"] for one in found] == ["finished"] * RUNS
    started = [one["progress"]["run_started_at"] for one in found]
    # Of those that ran at the same time the one or the other begins first.
    assert all(
        max(started[:location], default="") <= later for location, later in enumerate(started[AT_ONCE:], start=1)
    )


DIE = """
import os
from django.utils import timezone
from user_workspaces.accounts.models import User
from user_workspaces.workflows.lifecycle import actions
actions._save_numbered = lambda row: os.kill(os.getpid(), 9)
step = {"environment": "python:3.12", "commands": ["true"]}
document = {"version": "0.9.4", "workflow": {"type": "serial", "specification": {"steps": [step]}}}
request = actions.RunRequest(owner=User.objects.get(username=%r), name="never", document=document)
actions.create_run(request, now=timezone.now())
"""
SWEEP = """
from datetime import timedelta
from django.utils import timezone
from user_workspaces.workflows.lifecycle.orphans import sweep_workspaces
from user_workspaces.workspaces.models import Workspace
left = Workspace.objects.filter(name="never", holds_runs=True)
print([(one.pk, one.status) for one in left])
young = sweep_workspaces(now=timezone.now())
left.update(datetime_created=timezone.now() - timedelta(hours=1))
print(young, sweep_workspaces(now=timezone.now()))
"""
COUNT = "from user_workspaces.workspaces.models import Workspace; print(Workspace.objects.filter(name='never').count())"


def test_process_is_killed_between_the_workspace_of_a_run_and_its_row(server: LiveServer, ada: Reana) -> None:
    with pytest.raises(subprocess.CalledProcessError) as killed:
        server.manage("shell", "-v", "0", "-c", DIE % server.username)
    assert killed.value.returncode == -signal.SIGKILL
    left, swept = server.manage("shell", "-v", "0", "-c", SWEEP).splitlines()
    assert left.endswith(", 'idle')]")
    assert swept == "0 1"
    wait_for(lambda: server.manage("shell", "-v", "0", "-c", COUNT) == "0", within=LONGEST)
    assert not list(server.folder.glob(f"workspaces/*/{left.strip('[(').partition(',')[0]}"))
