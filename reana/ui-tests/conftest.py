"""A JupyterLab with the extension, a browser, and a REANA that does what a test asks."""

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

from reana_jupyterlab.tests.fake_answers import ROUTES
from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana

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
PATIENCE_MS = 120_000
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def server() -> Iterator[FakeReana]:
    """One REANA for all tests."""
    server = FakeReana(ROUTES)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory, server: FakeReana) -> Iterator[Lab]:
    """One JupyterLab for all tests, connected by its environment; each test brings a browser without a past."""
    folder = tmp_path_factory.mktemp("lab") / "server"
    with running_lab(folder, REANA_SERVER_URL=server.url, REANA_ACCESS_TOKEN=TOKEN) as lab:
        yield lab


@pytest.fixture
def reana(server: FakeReana) -> Iterator[FakeReana]:
    """The REANA as every test finds it: one run of each kind, no faults."""
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
        pytest.skip("NOT RUN: there is no chromium on this machine")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield running
        running.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser without a past, of which nothing may ask another machine."""
    fresh = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB", reduced_motion="reduce")
    fresh.set_default_timeout(PATIENCE_MS)
    asked: list[str] = []
    fresh.on("request", lambda request: asked.append(request.url))
    yield fresh
    fresh.close()
    assert [url for url in asked if not is_local(url)] == []


def is_local(url: str) -> bool:
    """Whether a request stays on this machine."""
    parts = urlsplit(url)
    return parts.scheme in {"data", "blob"} or parts.hostname in {"127.0.0.1", "localhost"}


@pytest.fixture
def page(context: BrowserContext) -> Page:
    """A tab of it."""
    return context.new_page()


@pytest.fixture
def panel(page: Page, lab: Lab, reana: FakeReana) -> Locator:
    """The open panel of a JupyterLab that has just been opened."""
    page.goto(lab.url())
    return open_panel(page)


def open_panel(page: Page) -> Locator:
    """Open the panel in the side bar, when JupyterLab has come to rest: until then it moves the focus about."""
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    expect(page.locator(".jp-LauncherCard").first).to_be_visible()
    panel = page.locator(".jp-Reana-panel")
    tab = page.get_by_role("tab", name="REANA runs")
    tab.click()
    # A layout that is restored just now closes it again.
    page.evaluate("() => new Promise(done => requestIdleCallback(done, { timeout: 2000 }))")
    if not panel.is_visible():
        tab.click()
    expect(panel).to_be_visible()
    return panel


def try_again(where: Locator) -> None:
    """Press the button, if it is still there: what failed is also asked for again by itself, maybe just now."""
    where.get_by_role("button", name="Try again").evaluate_all("found => found[0]?.click()")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[pytest.TestReport]:
    """Say with a failure what the browser showed; a picture of it goes where `UWS_TEST_PICTURES` says."""
    report = yield
    page = getattr(item, "funcargs", {}).get("page") or getattr(item, "funcargs", {}).get("opened")
    if call.when == "call" and report.failed and page is not None:
        report.sections.append(("what the browser showed", page.locator("body").inner_text()[:4000]))
        folder = os.environ.get("UWS_TEST_PICTURES")
        if folder:
            page.screenshot(path=Path(folder) / f"{item.name.replace('/', '-')}.png")
    return report
