"""Fixtures: a JupyterLab with the extension, a browser, and a fake REANA with faults on request."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from lab import Lab, running_lab
from sample import fill

from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana
from reana_jupyterlab.tests.fake_routes import ROUTES

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
TIMEOUT_MS = 120_000
LONGEST_FIRST = ("test_own_service", "test_keyboard", "test_two_tabs", "test_ten_thousand")
expect.set_options(timeout=TIMEOUT_MS)


@pytest.fixture(scope="session")
def server() -> Iterator[FakeReana]:
    """One fake REANA for all tests of a worker."""
    server = FakeReana(ROUTES)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def started_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """One JupyterLab for all tests of a worker: each start takes up to half a minute."""
    with running_lab(tmp_path_factory.mktemp("lab") / "server") as lab:
        yield lab


@pytest.fixture
def clean_lab(started_lab: Lab) -> Iterator[Lab]:
    """The JupyterLab with an empty root folder; connections are those of the last test."""
    yield started_lab
    started_lab.empty_root()


@pytest.fixture
def lab(clean_lab: Lab, server: FakeReana) -> Lab:
    """The JupyterLab, connected to the fake REANA by its environment."""
    server.faults.clear()
    clean_lab.connect(server.url, TOKEN)
    return clean_lab


@pytest.fixture
def disconnected_lab(clean_lab: Lab) -> Lab:
    """The JupyterLab without any credentials."""
    clean_lab.disconnect()
    return clean_lab


@pytest.fixture
def reana(server: FakeReana) -> Iterator[FakeReana]:
    """The fake REANA in its initial state: one run of each kind, no faults."""
    server.runs.clear()
    server.faults.clear()
    server.requests.clear()
    server.shares.clear()
    fill(server)
    yield server
    server.released.set()
    server.released.clear()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("NOT RUN: chromium is not installed")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A new browser context; fails if a page sends requests to another host."""
    fresh = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", reduced_motion="reduce")
    fresh.set_default_timeout(TIMEOUT_MS)
    requested: list[str] = []
    fresh.on("request", lambda request: requested.append(request.url))
    yield fresh
    fresh.close()
    assert [url for url in requested if not is_local(url)] == []


def is_local(url: str) -> bool:
    """Return True if a URL is on this machine."""
    parts = urlsplit(url)
    return parts.scheme in {"data", "blob"} or parts.hostname in {"127.0.0.1", "localhost"}


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A new tab."""
    return context.new_page()


@pytest.fixture
def panel(page: Page, lab: Lab, reana: FakeReana) -> Locator:
    """The open panel of a newly loaded JupyterLab."""
    page.goto(lab.url())
    return open_panel(page)


def open_panel(page: Page) -> Locator:
    """Open the panel once JupyterLab has loaded: until then it moves the focus."""
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    expect(page.locator(".jp-LauncherCard").first).to_be_visible()
    panel = page.locator(".jp-Reana-panel")
    tab = page.get_by_role("tab", name="REANA runs")
    tab.click()
    # The layout may be restored just now, which closes the panel again.
    page.evaluate("() => new Promise(done => requestIdleCallback(done, { timeout: 2000 }))")
    if not panel.is_visible():
        tab.click()
    expect(panel).to_be_visible()
    return panel


def try_again(where: Locator) -> None:
    """Press the button if it is still there: the panel also retries on its own."""
    where.get_by_role("button", name="Try again").evaluate_all("found => found[0]?.click()")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest tests first, so that the workers end at about the same time."""
    items.sort(key=lambda item: next((i for i, name in enumerate(LONGEST_FIRST) if name in item.nodeid), 9))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[pytest.TestReport]:
    """Add the text of the page to failures, and save a screenshot to the folder `UWS_TEST_PICTURES`."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page") or getattr(item, "funcargs", {}).get("opened")
    if call.when == "call" and report.failed and page is not None:
        report.sections.append(("text of the page", page.locator("body").inner_text()[:4000]))
        folder = os.environ.get("UWS_TEST_PICTURES")
        if folder:
            page.screenshot(path=Path(folder) / f"{item.name.replace('/', '-')}.png")
    return report
