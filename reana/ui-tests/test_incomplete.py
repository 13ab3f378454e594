"""A run whose upload or start failed: its tab and a notification say why, and it can be completed."""

from collections.abc import Iterator

import pytest
from lab import Lab
from playwright.sync_api import Page, expect
from test_errors import keeps
from test_newrun import folder, run_on_reana
from test_run import open_run, panel_status

from reana_jupyterlab.tests.fake_faults import SQL_ERROR
from reana_jupyterlab.tests.fake_reana import FakeReana, error

__all__ = ["folder"]
PLUGIN = "reana-jupyterlab:plugin"


def start(page: Page) -> None:
    page.locator(".jp-Reana-newRun").get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".jp-Reana-runHeader")).to_contain_text("created")


def test_failed_upload_is_shown_and_retried(page: Page, folder: Lab, reana: FakeReana) -> None:
    reana.fail("POST .*/workspace", error(500, SQL_ERROR))
    run_on_reana(page, folder)
    with page.expect_event("requestfinished", lambda request: keeps(request, "reana-jupyterlab:incomplete")):
        start(page)
    notice = page.locator(".jp-Reana-notStarted")
    expect(notice).to_contain_text("The file code/hello.py was not uploaded.")
    notification = page.locator(".Toastify__toast")
    expect(notification).to_contain_text("was created, but not started. Its tab shows the reason.")
    expect(page.locator("body")).not_to_contain_text("psycopg2")
    page.reload()
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    page.get_by_role("tab", name="REANA runs").click()
    page.locator(".jp-Reana-row").first.click()
    expect(notice).to_contain_text("The file code/hello.py was not uploaded.")
    reana.faults.clear()
    notice.get_by_role("button", name="Upload again and start").click()
    expect(notice).to_have_count(0)
    expect(page.locator(".jp-Reana-runHeader")).to_contain_text("queued")
    assert reana.runs[0].files == {"code/hello.py": b"print(1)\n"}


@pytest.mark.soak
def test_rejected_start_is_shown(page: Page, folder: Lab, reana: FakeReana) -> None:
    reana.fail("POST .*/start", error(409, "The quota is used up."))
    run_on_reana(page, folder)
    start(page)
    notice = page.locator(".jp-Reana-notStarted")
    expect(notice).to_contain_text("The quota is used up.")
    reana.faults.clear()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".jp-Reana-runHeader")).to_contain_text("queued")
    expect(notice).to_have_count(0)


@pytest.fixture
def slow_polling(lab: Lab) -> Iterator[Lab]:
    """The JupyterLab, polling every ten minutes: earlier changes come from the action itself."""
    lab.configure(PLUGIN, {"refreshInterval": 600})
    yield lab
    lab.configure(PLUGIN, {})


@pytest.mark.soak
def test_actions_update_all_views_at_once(page: Page, slow_polling: Lab, reana: FakeReana) -> None:
    page.goto(slow_polling.url())
    open_run(page, "pilot")
    header = page.locator(".jp-Reana-runHeader")
    page.get_by_role("button", name="Start", exact=True).click()
    for status, button in (("queued", "Stop"), ("stopped", "Delete…"), ("deleted", "")):
        expect(header.locator(".jp-Reana-status")).to_have_text(status)
        if button:
            expect(panel_status(page, "pilot")).to_have_text(status)
            header.get_by_role("button", name=button).click()
            page.get_by_role("dialog").get_by_role("button", name=button.removesuffix("…")).click()
