"""A workflow in a browser: run, growing log, results, comparison."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from e2e import flow
from support.live_server import LiveServer, live_server_process
from support.server_process import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.browser]
LINES = 300
SPECIFICATION = f"""\
# says hello, and waits until it may go on
version: 0.9.4
inputs:
  files: [greet.sh]
  parameters:
    who: world
    gate: "closed"
outputs:
  files: [results/greeting.txt]
workflow:
  type: serial
  specification:
    steps:
      - name: greet
        environment: python:3.12
        commands:
          - sh greet.sh "${{who}}" "${{gate}}" {LINES}
"""
GREET = """\
mkdir -p results
echo "Hello $1" > results/greeting.txt
for number in $(seq 1 "$3"); do echo "line $number"; done
echo "waiting for the gate"
while [ "$2" = closed ] && [ ! -e gate ]; do sleep 0.1; done
echo "the gate is open"
"""


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server_process() as running:
        yield running


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Iterator[httpx.Client]:
    token = server.manage("create_client_token", "portal")
    body = {"client_token": token, "user_info": {"username": server.username, "email": "ada@example.org"}}
    own = httpx.post(f"{server.url}/tokens/", json=body).json()["token"]
    with httpx.Client(base_url=server.url, headers={"UWS-Authorization": f"Token {own}"}, timeout=60) as opened:
        yield opened


@pytest.fixture(scope="module")
def workspace(client: httpx.Client) -> int:
    """A workspace with a workflow."""
    files = [{"name": "reana.yaml", "content": SPECIFICATION}, {"name": "greet.sh", "content": GREET}]
    body = {"name": "greetings", "description": "", "workspace_details": {"files": files}}
    number: int = client.post("/workspaces/", json=body).raise_for_status().json()["data"]["id"]
    return number


def open_gate(client: httpx.Client, address: str) -> None:
    """Let the run of this page continue."""
    run = address.rstrip("/").rpartition("/")[2]
    client.post(
        f"/api/workflows/{run}/workspace",
        params={"file_name": "gate"},
        content=b"open",
        headers={"Content-Type": "application/octet-stream"},
    ).raise_for_status()


def run_workflow(page: Page, **parameters: str) -> str:
    """Run it from the workspace's page; return the URL of the run."""
    page.get_by_role("link", name="Run workflow").click()
    for name, value in parameters.items():
        page.get_by_label(name, exact=True).fill(value)
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url(re.compile("/runs/[0-9a-f-]{36}/$"))
    return page.url


def test_from_a_workspace_to_a_run_and_back(
    server: LiveServer, client: httpx.Client, workspace: int, page: Page, pictures: Path
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    flow.log_in(page, server.manage("login_link", server.username).split()[-1])
    page.get_by_role("link", name="greetings", exact=True).click()
    page.get_by_role("navigation", name="Workspace").get_by_role("link", name="Runs").click()
    first = run_workflow(page)
    state = page.locator(".run-head .state")
    expect(state).to_have_text("running")

    read_along(page, client, first)
    page.get_by_role("navigation", name="Run").get_by_role("link", name="Overview").click()
    expect(state).to_have_text("finished")
    page.screenshot(path=pictures / "run-finished.png")

    page.get_by_role("link", name="Copy results to a workspace").click()
    page.get_by_role("button", name="Copy", exact=True).click()
    page.get_by_role("link", name="greetings.1", exact=True).click()
    expect(page.get_by_role("link", name="provenance.json")).to_be_visible()

    page.get_by_role("navigation", name="Workspace").get_by_role("link", name="Runs").click()
    run_workflow(page, who="moon", gate="open")
    expect(state).to_have_text("finished")
    page.get_by_role("navigation", name="Run").get_by_role("link", name="Compare").click()
    page.get_by_role("button", name="Compare").click()
    expect(page.locator(".diff-added", has_text="Hello moon")).to_be_visible()
    expect(page.locator(".diff-removed", has_text="Hello world")).to_be_visible()
    assert [text for text in said if "Security Policy" in text] == []


def read_along(page: Page, client: httpx.Client, address: str) -> None:
    """Read a log that grows: what is read stays where it is, and nothing of it is drawn anew."""
    page.get_by_role("link", name="Log of greet").click()
    log = page.locator("#log")
    expect(log).to_contain_text("waiting for the gate")
    left = "log => log.scrollHeight - log.scrollTop - log.clientHeight"
    wait_for(lambda: log.evaluate(left) < 2, what="the end of the log")
    log.evaluate("log => { log.scrollTop = 40; log.firstChild.isTheSame = true; }")
    open_gate(client, address)
    expect(log).to_contain_text("the gate is open")
    assert log.evaluate("log => [log.scrollTop, log.firstChild.isTheSame]") == [40, True]
    assert log.inner_text().count("line 7\n") == 1
