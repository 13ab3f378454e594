"""A run whose making broke off says so on its tab and in a notification, and is completed there."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from lab import Lab, running_lab
from playwright.sync_api import Page, expect
from test_newrun import folder, run_on_reana
from test_run import open_run, panel_status
from test_trouble import keeps

from reana_jupyterlab.tests.fake_faults import SQL_ERROR
from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana, error

__all__ = ["folder"]


def start(page: Page) -> None:
    page.locator(".jp-Reana-newRun").get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".jp-Reana-runHeader")).to_contain_text("created")


def test_a_failed_upload_is_told_and_tried_again(page: Page, folder: Lab, reana: FakeReana) -> None:
    reana.fail("POST .*/workspace", error(500, SQL_ERROR))
    run_on_reana(page, folder)
    with page.expect_event("requestfinished", lambda request: keeps(request, "reana-jupyterlab:incomplete")):
        start(page)
    told = page.locator(".jp-Reana-notStarted")
    expect(told).to_contain_text("The file code/hello.py was not uploaded.")
    notification = page.locator(".Toastify__toast")
    expect(notification).to_contain_text("was created, but not started. Its tab shows the reason.")
    expect(page.locator("body")).not_to_contain_text("psycopg2")
    page.reload()
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    page.get_by_role("tab", name="REANA runs").click()
    page.locator(".jp-Reana-row").first.click()
    expect(told).to_contain_text("The file code/hello.py was not uploaded.")
    reana.faults.clear()
    told.get_by_role("button", name="Upload again and start").click()
    expect(told).to_have_count(0)
    expect(page.locator(".jp-Reana-runHeader")).to_contain_text("queued")
    assert reana.runs[0].files == {"code/hello.py": b"print(1)\n"}


def test_a_refused_start_is_told(page: Page, folder: Lab, reana: FakeReana) -> None:
    reana.fail("POST .*/start", error(409, "The quota is used up."))
    run_on_reana(page, folder)
    start(page)
    told = page.locator(".jp-Reana-notStarted")
    expect(told).to_contain_text("The quota is used up.")
    reana.faults.clear()
    page.get_by_role("button", name="Start", exact=True).click()
    expect(page.locator(".jp-Reana-runHeader")).to_contain_text("queued")
    expect(told).to_have_count(0)


@pytest.fixture
def rarely(tmp_path: Path, reana: FakeReana) -> Iterator[Lab]:
    """A JupyterLab that asks by itself once in ten minutes: what is seen sooner comes from what was done."""
    environment = {"REANA_SERVER_URL": reana.url, "REANA_ACCESS_TOKEN": TOKEN}
    with running_lab(tmp_path / "rarely", refresh_s=600, **environment) as lab:
        yield lab


def test_what_is_done_is_seen_everywhere(page: Page, rarely: Lab, reana: FakeReana) -> None:
    page.goto(rarely.url())
    open_run(page, "pilot")
    header = page.locator(".jp-Reana-runHeader")
    page.get_by_role("button", name="Start", exact=True).click()
    for status, button in (("queued", "Stop"), ("stopped", "Delete…"), ("deleted", "")):
        expect(header.locator(".jp-Reana-status")).to_have_text(status)
        if button:
            expect(panel_status(page, "pilot")).to_have_text(status)
            header.get_by_role("button", name=button).click()
            page.get_by_role("dialog").get_by_role("button", name=button.removesuffix("…")).click()
