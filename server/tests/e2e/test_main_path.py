"""From the login link to a cell's output in a browser, with session hosts and by path."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from e2e import flow
from support.server_process import ADA, RunningServer, running_server, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.environment]


@pytest.fixture(scope="module")
def by_origin(accounts: None) -> Iterator[RunningServer]:
    with running_server() as server:
        yield server


@pytest.fixture(scope="module")
def by_path(accounts: None) -> Iterator[RunningServer]:
    """A second server, to test two instances side by side."""
    with running_server({"passthrough_domain": ""}) as server:
        yield server


def walk(server: RunningServer, context: BrowserContext, page: Page, tmp_path: Path) -> str:
    """Do the main path; return the URL of the session."""
    foreign: list[str] = []
    context.on("request", lambda request: foreign.append(request.url) if is_external(request) else None)
    notes = tmp_path / "notes.txt"
    notes.write_text("hello")

    flow.log_in(page, server.log_in_link)
    flow.new_workspace(page, "cell-atlas", notes)
    workspace_page = page.url
    flow.launch(page)
    session_address = page.url
    assert "ticket=" not in session_address
    flow.see_files(page, "notes.txt")
    flow.run_a_cell(page)
    flow.see_files(page, "made_in_the_notebook.txt")

    hub = context.new_page()
    hub.goto(workspace_page)
    flow.stop(hub)
    made = list(server.data_dir.glob("workspaces/*/*/made_in_the_notebook.txt"))
    assert [path.read_text() for path in made] == ["kept"]
    page.goto(session_address)
    expect(page.get_by_role("heading", name=re.compile("ended", re.IGNORECASE))).to_be_visible()
    assert foreign == []
    return session_address


def is_external(request: Request) -> bool:
    host = urlsplit(request.url).hostname or ""
    return request.url.startswith(("http", "ws")) and host != "localhost" and not host.endswith(".localhost")


def test_main_path_with_session_hosts(
    by_origin: RunningServer, context: BrowserContext, page: Page, tmp_path: Path
) -> None:
    address = walk(by_origin, context, page, tmp_path)
    assert re.match(rf"http://s\d+\.localhost:{by_origin.port}/passthrough/local/\d+/lab", address)


@pytest.mark.soak
def test_main_path_by_path(by_path: RunningServer, context: BrowserContext, page: Page, tmp_path: Path) -> None:
    address = walk(by_path, context, page, tmp_path)
    assert re.match(rf"http://localhost:{by_path.port}/passthrough/local/\d+/lab", address)


@pytest.mark.soak
def test_jupyterlab_follows_the_dark_color_scheme(by_origin: RunningServer, page: Page, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("hello")
    page.emulate_media(color_scheme="dark")
    flow.log_in(page, by_origin.manage("login_link", ADA))
    flow.new_workspace(page, "night", notes)
    flow.launch(page)
    expect(page.locator("body[data-jp-theme-light='false']")).to_be_attached()
    page.emulate_media(color_scheme="light")
    expect(page.locator("body[data-jp-theme-light='true']")).to_be_attached()


def test_login_link_works_once(by_origin: RunningServer, page: Page) -> None:
    link = by_origin.manage("login_link", ADA)
    flow.log_in(page, link)
    page.context.clear_cookies()
    again = page.context.new_page()  # the first one leaves for the log-in when it next asks for news
    again.goto(link)
    expect(again.get_by_role("heading", name="This link does not work any more")).to_be_visible()


@pytest.mark.soak
def test_logout_closes_the_session_host(by_origin: RunningServer, page: Page, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("hello")
    flow.log_in(page, by_origin.manage("login_link", ADA))
    flow.new_workspace(page, "closed", notes)
    flow.launch(page)
    session_address = page.url
    page.goto(by_origin.url)
    page.get_by_text(ADA, exact=True).click()
    page.get_by_role("button", name="Log out").click()
    wait_for(lambda: "/login" in page.url, what="the log-in page")

    def is_sent_to_login() -> bool:
        tab = page.context.new_page()  # JupyterLab may still redirect the old tab
        tab.goto(session_address)
        return "/login/" in tab.url

    wait_for(is_sent_to_login, what="the closed door")
