"""From a `reana.yaml` to the results of its run inside JupyterLab, without typing a secret."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from e2e import flow
from integration.reana.conftest import PROGRAM, install_client
from support.server_process import RunningServer, running_server, wait_for
from user_workspaces.plugins.job_type.jupyter_lab.contents import extension

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.environment]

WORKFLOW = """\
version: 0.9.4
inputs:
  files:
    - numbers.txt
  parameters:
    factor: 6
workflow:
  type: serial
  specification:
    steps:
      - name: multiply
        environment: docker.io/library/python:3.12-slim
        commands:
          - mkdir -p results
          - "while read number; do echo $$number,$$(($$number * ${factor})); done < numbers.txt > results/table.csv"
outputs:
  files:
    - results/table.csv
"""
RESULT_MS = 180_000


@pytest.fixture(scope="module")
def server(accounts: None) -> Iterator[RunningServer]:
    assert extension() is not None, "the wheel of the REANA extension was not built: run scripts/install extension"
    with running_server() as server:
        yield server


def test_workflow_runs_from_a_session_and_its_result_opens(
    server: RunningServer, page: Page, tmp_path: Path, pictures: Path
) -> None:
    (tmp_path / "numbers.txt").write_text("1\n7\n")
    (tmp_path / "reana.yaml").write_text(WORKFLOW)
    flow.log_in(page, server.log_in_link)
    flow.new_workspace(page, "multiplication", tmp_path / "numbers.txt", tmp_path / "reana.yaml")
    workspace_page = page.url
    flow.launch(page)

    page.locator(".jp-DirListing-item", has_text="reana.yaml").click(button="right")
    page.get_by_role("menuitem", name="Run on REANA").click()
    expect(page.locator(".jp-Reana-check")).to_be_visible()
    page.screenshot(path=pictures / "workflow-new.png")
    page.locator(".jp-Reana-newRun").get_by_role("button", name="Run", exact=True).click()
    header = page.locator(".jp-Reana-runHeader:visible")
    expect(header).to_contain_text("finished", timeout=RESULT_MS)
    page.screenshot(path=pictures / "workflow-finished.png")
    page.get_by_role("button", name="results/table.csv").click()
    expect(page.locator(".jp-CSVViewer .lm-DataGrid")).to_be_visible()
    page.screenshot(path=pictures / "workflow-result.png")
    results = [path.read_text() for path in server.data_dir.glob("workspaces/**/results/table.csv")]
    assert results == ["1,6\n7,42\n"]
    token_ends_with_the_session(server, page, workspace_page, tmp_path)


def run_from_a_terminal(told: dict[str, str], folder: Path) -> None:
    """Create a run with the real client, like a user in a terminal of the session."""
    install_client()
    environment = {"REANA_SERVER_URL": told["server"], "REANA_ACCESS_TOKEN": told["access_token"], "HOME": str(folder)}
    command = [str(PROGRAM), "create", "-w", "typed"]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


def token_ends_with_the_session(server: RunningServer, page: Page, workspace_page: str, folder: Path) -> None:
    found = list(server.data_dir.glob("**/reana.json"))
    assert [path.stat().st_mode & 0o777 for path in found] == [0o600]
    told = httpx.Response(200, content=found[0].read_bytes()).json()
    bearer = {"Authorization": f"Bearer {told['access_token']}"}
    assert told["server"] == server.url
    assert httpx.get(f"{server.url}/api/you", headers=bearer).is_success
    for path in ("/workspaces/", "/jobs/", "/tokens/", "/users/"):
        assert httpx.get(f"{server.url}{path}", headers=bearer).status_code == httpx.codes.FORBIDDEN
    run_from_a_terminal(told, folder)
    hub = page.context.new_page()
    hub.goto(f"{workspace_page}runs/")
    expect(hub.locator("#runs")).to_contain_text("finished")
    expect(hub.locator("#runs")).to_contain_text("typed #1")
    hub.goto(workspace_page)
    flow.stop(hub)
    wait_for(lambda: httpx.get(f"{server.url}/api/you", headers=bearer).status_code == httpx.codes.FORBIDDEN)
    assert re.search(r"^uws_", told["access_token"])
