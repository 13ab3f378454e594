"""Sessions survive kills of all server processes, and jobs end correctly."""

import os
import signal

import httpx
import pytest

from support.server_process import Caller, RunningServer, open_session, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.environment]


def is_responding(server: RunningServer) -> bool:
    try:
        return httpx.get(f"{server.url}/status/", timeout=5).is_success
    except httpx.HTTPError:
        return False


def kill(server: RunningServer, name: str) -> None:
    """Kill a server process with SIGKILL, and wait until the supervisor has replaced it."""
    pid = server.pids()[name]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: server.pids()[name] != pid, what=f"another {name}")


def test_sessions_survive_kills_of_web_and_controller(server: RunningServer, ada: Caller) -> None:
    workspace = ada.make_workspace()
    running = ada.wait_until(ada.launch(workspace), "running", ready=True)
    with open_session(running) as session:
        before = session.get(f"/passthrough/local/{running['id']}/api/status").json()
        starting = ada.launch(workspace)
        kill(server, "controller")
        kill(server, "web")
        wait_for(lambda: is_responding(server), what="the web process")
        started = ada.wait_until(starting, "running", ready=True)
        after = session.get(f"/passthrough/local/{running['id']}/api/status").json()
    assert after["started"] == before["started"]
    assert ada.job(running["id"])["resource_job_id"] == running["resource_job_id"]
    for job in (running, started):
        ada.call("PUT", f"/jobs/{job['id']}/stop/")
        assert ada.wait_until(job["id"], "complete")["job_details"]["current_job_details"]["message"] == "Stopped."


def test_restart_adopts_running_jobs(server: RunningServer, ada: Caller) -> None:
    job = ada.launch(ada.make_workspace())
    running = ada.wait_until(job, "running", ready=True)
    server.interrupt()
    os.kill(running["resource_job_id"], 0)
    server.start()
    assert ada.wait_until(job, "running", ready=True)["resource_job_id"] == running["resource_job_id"]
    with open_session(ada.job(job)) as session:
        assert session.get(f"/passthrough/local/{job}/api/status").is_success
    ada.call("PUT", f"/jobs/{job}/stop/")
    ada.wait_until(job, "complete")


@pytest.mark.soak
@pytest.mark.parametrize("victim", ["controller", "web"])
def test_repeated_kills_neither_lose_nor_repeat_a_launch(server: RunningServer, ada: Caller, victim: str) -> None:
    workspaces = [ada.make_workspace(f"w{number}") for number in range(4)]
    jobs = [ada.launch(workspace, "local_test") for workspace in workspaces]
    for _ in range(3):
        kill(server, victim)
    wait_for(lambda: is_responding(server), what="the web process")
    ended = [ada.wait_until(job, "complete", within=120) for job in jobs]
    assert [job["job_details"]["current_job_details"]["message"] for job in ended] == ["Finished."] * 4
