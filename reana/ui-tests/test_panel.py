"""The panel: list, search, states, keyboard, and no token in the page."""

import pytest
from conftest import open_panel, try_again
from lab import Lab
from playwright.sync_api import Locator, Page, expect

from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana, error


@pytest.mark.soak
def test_panel_at_start_is_not_forced_open(page: Page, lab: Lab, reana: FakeReana) -> None:
    page.goto(lab.url())
    expect(page.locator(".jp-DirListing")).to_be_visible()
    expect(page.locator(".jp-Reana-panel")).to_be_hidden()


def test_list_shows_every_run_split_at_the_first_dot(panel: Locator) -> None:
    expect(panel.locator(".jp-Reana-row")).to_have_count(5)
    expect(panel.locator(".jp-Reana-row", has_text="cell-atlas").locator(".jp-Reana-run")).to_have_text("#3.1")


@pytest.mark.soak
def test_search_and_status_narrow_the_list(panel: Locator) -> None:
    panel.get_by_label("Search runs by name").fill("hel")
    expect(panel.locator(".jp-Reana-row")).to_have_count(2)
    panel.get_by_label("Status").select_option("running")
    expect(panel.locator(".jp-Reana-row")).to_have_count(1)
    panel.get_by_label("Search runs by name").fill("nothing like this")
    panel.get_by_role("button", name="Show all runs").click()
    expect(panel.locator(".jp-Reana-row")).to_have_count(5)


@pytest.mark.soak
def test_error_keeps_the_list_and_shows_a_message(panel: Locator, reana: FakeReana) -> None:
    expect(panel.locator(".jp-Reana-row")).to_have_count(5)
    reana.fail("GET /api/workflows", error(500, "The database sleeps."))
    panel.get_by_role("button", name="Refresh").click()
    expect(panel.locator(".jp-Reana-trouble")).to_be_visible()
    expect(panel.locator(".jp-Reana-row")).to_have_count(5)
    reana.faults.clear()
    try_again(panel)
    expect(panel.locator(".jp-Reana-trouble")).to_be_hidden()


@pytest.mark.soak
def test_list_refreshes_while_a_run_is_active(panel: Locator, reana: FakeReana) -> None:
    row = panel.locator(".jp-Reana-row", has_text="#2")
    expect(row.locator("[data-status=running]").first).to_be_visible()
    next(run for run in reana.runs if run.status == "running").status = "finished"
    expect(row.locator("[data-status=finished]").first).to_be_visible()


@pytest.mark.soak
def test_no_runs_offers_the_first_step(page: Page, lab: Lab, reana: FakeReana) -> None:
    reana.runs.clear()
    page.goto(lab.url())
    open_panel(page).get_by_role("button", name="Start your first run").click()
    expect(page.get_by_role("button", name="Choose a reana.yaml…")).to_be_visible()


def test_rejected_token_asks_for_another(page: Page, lab: Lab, reana: FakeReana) -> None:
    reana.fail("GET /api/you", error(403, "User access token revoked."))
    page.goto(lab.url())
    panel = open_panel(page)
    expect(panel.get_by_label("Access token")).to_be_visible()
    expect(panel.get_by_role("alert")).to_be_visible()
    reana.faults.clear()
    panel.get_by_label("Server address").fill(reana.url)
    panel.get_by_label("Access token").fill("wrong")
    panel.get_by_role("button", name="Connect", exact=True).click()
    expect(panel.get_by_role("alert")).to_be_visible()
    panel.get_by_label("Access token").fill(TOKEN)
    panel.get_by_role("button", name="Connect", exact=True).click()
    expect(panel.locator(".jp-Reana-row")).to_have_count(5)


@pytest.mark.soak
def test_keyboard_walks_the_list_and_opens(page: Page, panel: Locator) -> None:
    panel.locator(".jp-Reana-row").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("End")
    page.keyboard.press("ArrowUp")
    expect(panel.locator(".jp-Reana-row", has_text="cell-atlas")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".jp-Reana-runHeader")).to_contain_text("cell-atlas")


def test_no_request_leaves_the_host_and_the_token_is_hidden(page: Page, lab: Lab, reana: FakeReana) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(lab.url())
    panel = open_panel(page)
    panel.locator(".jp-Reana-row", has_text="fit-scan").click()
    expect(page.locator(".jp-Reana-failedEnd")).to_be_visible()
    assert [url for url in asked if not url.startswith((lab.address, "data:", "blob:"))] == []
    assert [url for url in asked if TOKEN in url] == []
    assert TOKEN not in page.content()
