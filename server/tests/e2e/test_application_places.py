"""Applications that need the root of an origin are served on a port, and not by path."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from e2e.applications import echo_application, launch, log_in, site_with, stop
from support.server_process import ADA, RunningServer, running_server, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.soak]
SITE = site_with(at_root=echo_application(), below=echo_application(base="strip"))
SAFARI = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.4 Safari/605.1.15"
"""Safari does not resolve names below localhost, so sessions get ports."""


@pytest.fixture(scope="module")
def server(accounts: None) -> Iterator[RunningServer]:
    with running_server(site=SITE) as running:
        yield running


@pytest.fixture(scope="module")
def by_path(accounts: None) -> Iterator[RunningServer]:
    with running_server({"passthrough_domain": ""}, site=SITE) as running:
        yield running


def test_root_application_gets_its_own_port(server: RunningServer, browser: Browser) -> None:
    ada = sign_in(server, ADA)
    job = launch(ada, ada.make_workspace(), "at_root")
    context = browser.new_context(user_agent=SAFARI)
    page = context.new_page()
    log_in(page, server, ADA)
    page.goto(f"{server.url}/open/{job}/")
    expect(page).to_have_title("there and back")
    own = re.fullmatch(r"http://localhost:(\d+)/", page.url)
    assert own
    assert int(own[1]) != server.port
    page.goto(f"{page.url}deep/")
    expect(page).to_have_title("there and back")
    page.goto(f"{server.url}/deep/")  # the portal's own port has nothing of it
    assert page.title() != "there and back"
    context.close()
    stop(ada, job)


def test_root_application_is_rejected_by_path(by_path: RunningServer, browser: Browser) -> None:
    ada = sign_in(by_path, ADA)
    workspace = ada.make_workspace()
    refused = ada.http.put(f"/workspaces/{workspace}/start/", json={"job_type": "at_root"})
    assert refused.status_code == 400
    assert "needs a separate origin for its sessions" in refused.json()["message"]
    job = launch(ada, workspace, "below")
    context = browser.new_context()
    page = context.new_page()
    log_in(page, by_path, ADA)
    page.goto(f"{by_path.url}/open/{job}/")
    expect(page).to_have_title("there and back")
    assert page.url == f"{by_path.url}/passthrough/local/{job}/"
    context.close()
    stop(ada, job)
