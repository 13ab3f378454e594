"""Applications that run the user's code see packages installed in the workspace."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from e2e.applications import launch, log_in, open_session, site_with, stop
from support.server_process import ADA, REPOSITORY, Caller, RunningServer, running_server, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.environment, pytest.mark.soak]
INSTALL = """
packages=$("$UWS_WORKSPACE_PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo 'ANSWER = 42' > "$packages/users_own.py"
echo 'raise ImportError("of the workspace")' > "$packages/click.py"
"""
"""Installs one package like pip, and a broken one that replaces a dependency of Streamlit."""
APP = """
import sys
import ipykernel, streamlit as st, users_own
st.write(f'the answer of the workspace is {users_own.ANSWER}')
st.write(f'the kernel is from {"base" if ".environment" not in ipykernel.__file__ else "the workspace"}')
"""


@pytest.fixture(scope="module")
def server(accounts: None) -> Iterator[RunningServer]:
    shipped = json.loads((REPOSITORY / "docs/applications/applications.json").read_text())
    site = site_with(install={"command": ["bash", "-c", INSTALL]})
    site["available_job_types"]["streamlit"] = shipped["streamlit"]
    with running_server(site=site) as running:
        yield running


def make(ada: Caller) -> int:
    files = [{"name": "app.py", "content": APP}]
    body = {"name": "own packages", "description": "", "workspace_details": {"files": files}}
    number: int = ada.call("POST", "/workspaces/", json=body)["id"]
    return number


def test_application_sees_packages_of_the_workspace(server: RunningServer, page: Page) -> None:
    ada = sign_in(server, ADA)
    workspace = make(ada)
    ada.wait_until(launch(ada, workspace, "install", ready=False), "failed")  # it serves nothing, and has ended
    [broken] = server.data_dir.glob(f"workspaces/*/{workspace}/.environment/**/site-packages/click.py")
    broken.unlink()
    job = launch(ada, workspace, "streamlit", file="app.py")
    log_in(page, server, ADA)
    open_session(page, server, job)
    expect(page.get_by_text("the answer of the workspace is 42")).to_be_visible()
    expect(page.get_by_text("the kernel is from base")).to_be_visible()
    stop(ada, job)


def test_broken_package_of_the_workspace_is_used(server: RunningServer, page: Page) -> None:
    """The workspace has priority, and the log shows the error."""
    ada = sign_in(server, ADA)
    workspace = make(ada)
    ada.wait_until(launch(ada, workspace, "install", ready=False), "failed")
    job = launch(ada, workspace, "streamlit", file="app.py", ready=False)
    failed = ada.wait_until(job, "failed", within=120)
    assert "The job exited with code 1" in failed["job_details"]["current_job_details"]["message"]
    log_in(page, server, ADA)
    page.goto(f"{server.url}/session/{job}/log/")
    expect(page.get_by_text("ImportError: of the workspace")).to_be_visible()
