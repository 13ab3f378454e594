"""An open notebook keeps its kernel while the server restarts behind each documented web server."""

import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from e2e import flow
from e2e.conftest import QUIET
from support.server_process import RunningServer, free_port, running_server, wait_for
from support.web_servers import PORTAL, PROGRAMS, SESSIONS, is_installed, web_server

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.environment, pytest.mark.soak]
KERNEL = re.compile(r"/api/kernels/[\w-]+(\?|$)")


@dataclass(frozen=True)
class Site:
    """A server behind a web server."""

    server: RunningServer
    port: int
    """Port of the web server."""


@pytest.fixture(scope="module", params=PROGRAMS)
def site(request: pytest.FixtureRequest, accounts: None) -> Iterator[Site]:
    if not is_installed(request.param):
        pytest.skip(f"NOT INSTALLED: {PROGRAMS[request.param]}")
    port = free_port()
    told = {"base_url": f"https://{PORTAL}:{port}", "allowed_hosts": [PORTAL], "trusted_proxies": ["127.0.0.1"]}
    with (
        running_server({"passthrough_domain": SESSIONS}, site=told) as server,
        web_server(request.param, in_front_of=server.port, port=port),
    ):
        yield Site(server, port)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that resolves the site's names to this machine."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("NOT RUN: there is no chromium on this machine")
    names = f"--host-resolver-rules=MAP {PORTAL} 127.0.0.1, MAP *.{SESSIONS} 127.0.0.1"
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=program, args=[*QUIET, names, "--ignore-certificate-errors"]
        )
        yield running
        running.close()


def test_open_notebook_survives_a_restart(site: Site, page: Page) -> None:
    """JupyterLab retries 10 to 30 seconds after a 503; any other error means that the kernel has died."""
    responses: list[int] = []
    channels: list[str] = []

    flow.log_in(page, site.server.log_in_link)
    flow.new_workspace(page, "survives")
    flow.launch(page)
    flow.open_notebook(page)
    flow.run_next_cell(page, "kept = 41\nprint(kept)", "41")
    page.on("response", lambda told: responses.append(told.status) if KERNEL.search(told.url) else None)

    site.server.interrupt()
    wait_for(lambda: _noted(page, responses), what="a question for the kernel while the server is away")
    page.on("websocket", lambda opened: channels.append(opened.url) if "/channels?" in opened.url else None)
    site.server.start()
    wait_for(lambda: _noted(page, channels), what="a new connection to the kernel")

    assert set(responses) == {503, 200}
    _dismiss_connection_dialog(page)
    flow.run_next_cell(page, "print(kept + 1)", "42")
    expect(page.locator(".jp-Notebook-ExecutionIndicator[data-status='idle']")).to_be_visible()
    expect(page.locator(".jp-Dialog")).to_have_count(0)


def _noted(page: Page, noted: list[int] | list[str]) -> bool:
    """Process the browser's events; return True if any were recorded."""
    page.wait_for_timeout(100)
    return bool(noted)


def _dismiss_connection_dialog(page: Page) -> None:
    """Close JupyterLab's dialog about a lost connection, which appears if it polled during the restart."""
    dialog = page.locator(".jp-Dialog")
    if dialog.count():
        expect(dialog).to_contain_text("JupyterLab will continue trying to reconnect.")
        dialog.get_by_role("button").last.click()
