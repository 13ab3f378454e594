"""What a user has installed in a workspace is there in the applications that run the user's code."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from e2e.applications import launch, log_in, open_session, site_with, stop
from support.server_process import ADA, REPOSITORY, Caller, RunningServer, running_server, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.environment]
INSTALL = """
packages=$("$UWS_WORKSPACE_PYTHON" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
echo 'ANSWER = 42' > "$packages/users_own.py"
echo 'raise ImportError("of the workspace")' > "$packages/click.py"
"""
"""Puts a package where pip would; the second one is a broken one in place of a package that Streamlit brings."""
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


def test_packages_of_the_workspace_are_seen_beside_the_applications_own(server: RunningServer, page: Page) -> None:
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


def test_package_that_the_workspace_has_broken_is_the_one_that_is_used(server: RunningServer, page: Page) -> None:
    """The workspace wins, for better or worse, and the log says what is wrong."""
    ada = sign_in(server, ADA)
    workspace = make(ada)
    ada.wait_until(launch(ada, workspace, "install", ready=False), "failed")
    job = launch(ada, workspace, "streamlit", file="app.py", ready=False)
    failed = ada.wait_until(job, "failed", within=120)
    assert "The job exited with code 1" in failed["job_details"]["current_job_details"]["message"]
    log_in(page, server, ADA)
    page.goto(f"{server.url}/session/{job}/log/")
    expect(page.get_by_text("ImportError: of the workspace")).to_be_visible()
