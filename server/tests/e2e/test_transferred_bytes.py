"""Bytes transferred by a first visit, as counted by Chromium."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from e2e import flow
from support.server_process import ADA, RunningServer, running_server

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.environment, pytest.mark.soak]


@pytest.fixture(scope="module")
def server(accounts: None) -> Iterator[RunningServer]:
    with running_server() as running:
        yield running


@contextmanager
def counted(page: Page) -> Iterator[list[int]]:
    """Count the bytes of each completed response, headers included, from an empty cache."""
    sizes: list[int] = []
    developer = page.context.new_cdp_session(page)
    developer.send("Network.enable")
    developer.send("Network.clearBrowserCache")
    developer.on("Network.loadingFinished", lambda told: sizes.append(int(told["encodedDataLength"])))
    yield sizes
    page.wait_for_load_state("networkidle")
    developer.detach()


@pytest.mark.soak
def test_first_visit_of_jupyterlab_takes_less_than_two_megabytes(
    server: RunningServer, context: BrowserContext, page: Page
) -> None:
    flow.log_in(page, server.log_in_link)
    flow.new_workspace(page, "bytes")
    flow.launch(page)
    address = page.url
    page.close()
    first = context.new_page()
    with counted(first) as sizes:
        first.goto(address)
        expect(first.locator(".jp-Launcher").first).to_be_visible()
    assert 500_000 < sum(sizes) < 2_000_000


def test_first_visit_of_the_portal_takes_less_than_fifty_five_kilobytes(server: RunningServer, page: Page) -> None:
    flow.log_in(page, server.manage("login_link", ADA))
    with counted(page) as sizes:
        page.reload()
    assert 10_000 < sum(sizes) < 55_000
    with counted(page) as sizes:
        page.goto(f"{server.url}/docs/swagger/")
        expect(page.get_by_text("/workspaces/").first).to_be_visible()
    assert 100_000 < sum(sizes) < 700_000
