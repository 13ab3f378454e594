"""Packages installed in a session are available in its terminals, later sessions, and runs of the workspace."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from integration.kernel import Browser, opened
from support.server_process import Caller, RunningServer, wait_for
from support.wheels import make_wheel

pytestmark = [pytest.mark.slow, pytest.mark.environment]

SAY = "import greeting; print(greeting.WORD)"
STEP = {
    "environment": "docker.io/library/python:2.7-slim",
    "commands": [f'mkdir -p results; python -c "{SAY}" > results/word.txt'],
}
WORKFLOW = {
    "version": "0.9.4",
    "workflow": {"type": "serial", "specification": {"steps": [STEP]}},
    "outputs": {"files": ["results/word.txt"]},
}


@contextmanager
def session(server: RunningServer, ada: Caller, workspace: int) -> Iterator[Browser]:
    """Launch JupyterLab, and stop it at the end."""
    job = ada.wait_until(ada.launch(workspace), "running", ready=True)
    with opened(server, job) as browser:
        browser.client.get(f"{browser.base_path}lab").raise_for_status()
        yield browser
    ada.call("PUT", f"/jobs/{job['id']}/stop/")
    ada.wait_until(job["id"], "complete")


def run_of(ada: Caller, workspace: int) -> dict[str, Any]:
    """Run the workflow of a workspace to its end."""
    started = ada.call("POST", f"/workspaces/{workspace}/runs/", json={"name": "fit"})["run"]

    def ended() -> dict[str, Any] | None:
        runs = ada.call("GET", f"/workspaces/{workspace}/runs/")["runs"]
        [run] = [one for one in runs if one["id"] == started["id"]]
        return run if run["status"] in ("finished", "failed", "stopped") else None

    return wait_for(ended, within=120, what="the end of the run")


def test_installed_package_is_in_sessions_and_runs_of_its_workspace_alone(
    server: RunningServer, ada: Caller, tmp_path: Path
) -> None:
    workspace, other = ada.make_workspace("first"), ada.make_workspace("second")
    wheel = make_wheel(tmp_path, "greeting", {"greeting.py": "WORD = 'hel' + 'lo'\n"})
    for number in (workspace, other):
        for path, content in ((wheel.name, wheel.read_bytes()), ("reana.yaml", yaml.safe_dump(WORKFLOW).encode())):
            ada.http.put(f"/workspaces/{number}/files/{path}", content=content).raise_for_status()
    with session(server, ada, workspace) as browser, browser.kernel() as kernel:
        assert "Successfully installed" in kernel.run(f"%pip install --no-index {wheel.name}")
        assert kernel.run(SAY) == "hello\n"
        assert browser.terminal_says(f"python -c '{SAY}'", "hello")
    with session(server, ada, workspace) as browser, browser.kernel() as kernel:
        assert kernel.run(SAY) == "hello\n"
    with session(server, ada, other) as browser, browser.kernel() as kernel:
        assert kernel.run("import importlib.util; print(importlib.util.find_spec('greeting'))") == "None\n"
    assert run_of(ada, workspace)["status"] == "finished"
    [word] = server.data_dir.glob("workspaces/**/results/word.txt")
    assert word.read_text() == "hello\n"
    assert "# greeting==1 is not of the index" in (word.parents[1] / "environment.lock").read_text().splitlines()
    assert run_of(ada, other)["status"] == "failed"


def test_overlay_is_private_and_counts_toward_the_quota(server: RunningServer, ada: Caller, tmp_path: Path) -> None:
    workspace = ada.make_workspace("mine")
    wheel = make_wheel(tmp_path, "large", {"large.py": "TEXT = '" + "x" * 3_000_000 + "'\n"})
    ada.http.put(f"/workspaces/{workspace}/files/{wheel.name}", content=wheel.read_bytes()).raise_for_status()
    with session(server, ada, workspace) as browser, browser.kernel() as kernel:
        kernel.run(f"%pip install --no-index {wheel.name}")
        kernel.run("import large")
        where = kernel.run("import pathlib, large; print(pathlib.Path(large.__file__).parents[4])").strip()
    folder = Path(where)
    assert (folder.parent.name, folder.stat().st_mode & 0o077) == (".environment", 0)
    used = wait_for(
        lambda: (
            (found := ada.call("GET", f"/workspaces/{workspace}/")["workspaces"][0]["disk_space"]) > 3_000_000 and found
        ),
        within=60,
        what="the size of the overlay",
    )
    assert used > 3_000_000
