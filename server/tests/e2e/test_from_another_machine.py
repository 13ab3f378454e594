"""Access from another machine: by name, by IP address, and through a tunnel."""

import os
import re
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from e2e import flow
from e2e.machines import Machine, second_machine
from support.server_process import ADA, GRACE, RunningServer, free_port, running_server, sign_in

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: network namespaces need root")
pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.environment, needs_root, pytest.mark.soak]
NAME = socket.gethostname()


@pytest.fixture(scope="module")
def server(accounts: None) -> Iterator[RunningServer]:
    with running_server(UWS_HOST="0.0.0.0") as running:  # noqa: S104  what is tried here
        yield running


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    with second_machine(tmp_path_factory.mktemp("machine")) as made:
        yield made


@pytest.fixture(scope="module")
def browser(machine: Machine) -> Iterator[Browser]:
    if shutil.which("chromium") is None:
        pytest.skip("NOT RUN: there is no chromium on this machine")
    with sync_playwright() as playwright:
        running = machine.browser(playwright, names={NAME: machine.server_address, "elsewhere": machine.server_address})
        yield running
        running.close()


def tab(browser: Browser) -> Page:
    context = browser.new_context()
    context.set_default_timeout(120_000)
    return context.new_page()


def log_in(page: Page, server: RunningServer, portal: str, user: str) -> None:
    link = server.manage("login_link", user)
    flow.log_in(page, portal + link[link.index("/login/") :])


def start_session(page: Page, server: RunningServer, portal: str, user: str, notes: Path) -> None:
    log_in(page, server, portal, user)
    flow.new_workspace(page, "cell-atlas", notes)
    flow.launch(page)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("hello")
    return path


def test_start_prints_all_addresses(server: RunningServer) -> None:
    assert server.addresses[:2] == [f"http://localhost:{server.port}/", f"http://{NAME}:{server.port}/"]
    assert all(re.fullmatch(rf"http://[0-9.]+:{server.port}/", address) for address in server.addresses[2:])


def test_two_users_by_name_and_by_address(
    server: RunningServer, browser: Browser, machine: Machine, notes: Path
) -> None:
    """Two browsers, one by name and one by address; both sessions run before either is used."""
    pages = {}
    for user, host in ((ADA, NAME), (GRACE, machine.server_address)):
        page = pages[user] = tab(browser)
        start_session(page, server, f"http://{host}:{server.port}", user, notes)
        assert re.match(rf"http://{re.escape(host)}:\d+/passthrough/local/\d+/lab", page.url), page.url
        assert f":{server.port}/" not in page.url
    for page in pages.values():
        flow.run_a_cell(page)
    stranger = pages[GRACE].context.new_page()
    stranger.goto(pages[ADA].url.replace(NAME, machine.server_address))
    expect(stranger.get_by_role("heading", name="Page not found")).to_be_visible()


def test_through_a_forwarded_port(server: RunningServer, browser: Browser, machine: Machine, notes: Path) -> None:
    port = free_port()
    with machine.forwarded(port, to=server.port):
        page = tab(browser)
        start_session(page, server, f"http://localhost:{port}", ADA, notes)
        assert re.match(rf"http://s\d+\.localhost:{port}/passthrough/local/\d+/lab", page.url), page.url
        flow.run_a_cell(page)
        bookmark = page.url
        page.context.clear_cookies()
        page.goto(bookmark)  # back to the portal at the port of the tunnel
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        assert page.url.startswith(f"http://localhost:{port}/login/")


def test_unknown_host_name_reports_the_setting(server: RunningServer, browser: Browser) -> None:
    page = tab(browser)
    page.goto(f"http://elsewhere:{server.port}/")
    expect(page.get_by_role("alert")).to_contain_text("UWS_ALLOWED_HOSTS")


def test_bookmark_of_a_session_opens_it_again(
    server: RunningServer, browser: Browser, machine: Machine, notes: Path
) -> None:
    """Without the session's cookie, the login leads back to the session."""
    page = tab(browser)
    start_session(page, server, f"http://{machine.server_address}:{server.port}", ADA, notes)
    bookmark = page.url
    page.context.clear_cookies(name=re.compile("^uws-session-"))
    page.goto(bookmark)
    expect(page.locator(".jp-Launcher").first).to_be_visible()
    assert page.url.partition("?")[0] == bookmark.partition("?")[0]
    page.goto(bookmark[: bookmark.index("/passthrough/")])
    expect(page.locator(".jp-Launcher").first).to_be_visible()
    page.goto(bookmark.replace("/local/", "/local/9"))
    expect(page.get_by_role("heading", name="Page not found")).to_be_visible()
    expect(page.get_by_role("link", name="Go to your workspaces")).to_be_visible()


def test_ended_session_is_reported_on_its_port(
    server: RunningServer, browser: Browser, machine: Machine, notes: Path
) -> None:
    page = tab(browser)
    start_session(page, server, f"http://{machine.server_address}:{server.port}", ADA, notes)
    job = int(page.url.split("/")[5])
    caller = sign_in(server, ADA)
    caller.call("PUT", f"/jobs/{job}/stop/")
    caller.wait_until(job, "complete")
    bookmark = page.url
    page.goto(bookmark)
    expect(page.get_by_role("heading", name="JupyterLab has ended")).to_be_visible()
    stranger = tab(browser)
    stranger.goto(bookmark)
    expect(stranger.get_by_role("heading", name="Log in")).to_be_visible()
