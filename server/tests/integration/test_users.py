"""Two users on one server: isolation, and immediate disconnects."""

import os
import pwd
import socket
import subprocess
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from support.server_process import ADA, GRACE, Caller, RunningServer, ToLoopback, open_session, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.environment]


@pytest.fixture(scope="module")
def session(ada: Caller) -> Iterator[dict[str, Any]]:
    job = ada.launch(ada.make_workspace("mine"))
    yield ada.wait_until(job, "running", ready=True)
    if ada.job(job)["status"] == "running":
        ada.call("PUT", f"/jobs/{job}/stop/")
        ada.wait_until(job, "complete")


def events(server: RunningServer, job: int, client: httpx.Client) -> AbstractContextManager[ClientConnection]:
    """Open a WebSocket of the session like its page."""
    host = f"s{job}.localhost:{server.port}"
    cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in client.cookies.jar)
    headers = {"Cookie": cookies, "Origin": f"http://{host}"}
    loopback = socket.create_connection(("127.0.0.1", server.port))
    uri = f"ws://{host}/passthrough/local/{job}/api/events/subscribe"
    return connect(uri, sock=loopback, additional_headers=headers)


def test_other_user_does_not_see_the_job(session: dict[str, Any], grace: Caller) -> None:
    number = session["id"]
    assert grace.call("GET", f"/jobs/{number}/")["jobs"] == []
    assert grace.http.put(f"/jobs/{number}/stop/").status_code == httpx.codes.NOT_FOUND
    assert grace.http.put(f"/workspaces/{session['workspace_id']}/start/", json={}).status_code == httpx.codes.NOT_FOUND


def test_ticket_of_another_user_opens_no_session(server: RunningServer, session: dict[str, Any], grace: Caller) -> None:
    own = grace.wait_until(grace.launch(grace.make_workspace()), "running", ready=True)
    details = own["job_details"]["current_job_details"]["connection_details"]
    ticket = details["url_path"].partition("ticket=")[2]
    host = f"http://s{session['id']}.localhost:{server.port}"
    with httpx.Client(transport=ToLoopback(server.port), base_url=host) as browser:
        response = browser.get(f"/passthrough/local/{session['id']}/lab?ticket={ticket}")
    grace.call("PUT", f"/jobs/{own['id']}/stop/")
    assert response.status_code == httpx.codes.FORBIDDEN
    assert not response.cookies


def test_without_a_cookie_nothing_is_relayed(server: RunningServer, session: dict[str, Any]) -> None:
    response = httpx.get(f"{server.url}/passthrough/local/{session['id']}/api/status")
    assert response.status_code == httpx.codes.UNAUTHORIZED
    assert response.json()["success"] is False


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="not root: everybody shares one account")
def test_processes_and_files_belong_to_the_user(server: RunningServer, session: dict[str, Any]) -> None:
    uid = pwd.getpwnam(ADA).pw_uid
    assert Path(f"/proc/{session['resource_job_id']}").stat().st_uid == uid
    workspace = server.data_dir / "workspaces" / ADA / str(session["workspace_id"])
    assert workspace.stat().st_uid == uid
    assert workspace.stat().st_mode & 0o077 == 0
    assert (workspace / "notes.txt").stat().st_uid == uid


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="not root: everybody shares one account")
def test_another_account_cannot_reach_the_socket_or_the_files(
    server: RunningServer, session: dict[str, Any], grace: Caller
) -> None:
    grace.make_workspace()
    uid = pwd.getpwnam(ADA).pw_uid
    sockets = [path for path in (server.data_dir / "run").glob("*/s") if path.stat().st_uid == uid]
    assert sockets
    workspace = server.data_dir / "workspaces" / ADA / str(session["workspace_id"])
    code = "import socket, sys; socket.socket(socket.AF_UNIX).connect(sys.argv[1])"
    for path in sockets:
        done = subprocess.run(
            ["runuser", "-u", GRACE, "--", "/usr/bin/python3", "-c", code, str(path)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "PermissionError" in done.stderr, done.stderr
    listed = subprocess.run(["runuser", "-u", GRACE, "--", "ls", str(workspace)], capture_output=True, check=False)
    assert listed.returncode != 0


def test_stop_closes_connections_and_the_page_reports_it(server: RunningServer, ada: Caller) -> None:
    job = ada.wait_until(ada.launch(ada.make_workspace("cut")), "running", ready=True)
    with open_session(job) as client:
        with events(server, job["id"], client) as channel:
            ada.call("PUT", f"/jobs/{job['id']}/stop/")
            with pytest.raises(ConnectionClosed):
                channel.recv(timeout=60)
        ada.wait_until(job["id"], "complete")
        page = client.get(f"/passthrough/local/{job['id']}/lab", headers={"Accept": "text/html"})
        program = client.get(f"/passthrough/local/{job['id']}/api/status")
    assert page.status_code == httpx.codes.GONE
    assert "ended" in page.text.lower()
    assert program.json() == {"success": False, "message": "This session has ended."}


def test_no_secret_in_logs_or_process_lists(server: RunningServer, ada: Caller, session: dict[str, Any]) -> None:
    token = ada.http.headers["UWS-Authorization"].split()[1]
    ticket = session["job_details"]["current_job_details"]["connection_details"]["url_path"].partition("ticket=")[2]
    planted = [token, ticket, *(path.read_text().strip() for path in (server.data_dir / "secrets").iterdir())]
    locations = [
        *server.data_dir.glob("logs/*"),
        *server.data_dir.glob("resource/*/*/log"),
        server.data_dir / "start.log",
    ]
    seen = "".join(path.read_text(errors="replace") for path in locations)
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            seen += process.read_text(errors="replace")
        except OSError:
            continue
    assert [secret[:8] for secret in planted if secret in seen] == []


def test_failed_job_reports_the_end_of_its_log(ada: Caller, session: dict[str, Any]) -> None:
    os.kill(session["resource_job_id"], 9)
    job = ada.wait_until(session["id"], "failed")
    assert "killed by signal 9" in job["job_details"]["current_job_details"]["message"]
    wait_for(lambda: ada.call("GET", f"/workspaces/{job['workspace_id']}/")["workspaces"][0]["status"] == "idle")
