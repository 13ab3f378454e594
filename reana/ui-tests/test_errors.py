"""Errors, invalid and large responses of REANA are shown with a next step."""

import pytest
from conftest import open_panel, try_again
from lab import Lab
from playwright.sync_api import BrowserContext, Locator, Page, Request, expect
from test_run import open_run, panel_status, tab

from reana_jupyterlab.tests.fake_reana import FakeReana, error, says


@pytest.mark.soak
def test_unknown_status_is_shown_as_it_is(page: Page, lab: Lab, reana: FakeReana) -> None:
    reana.add("odd.1", status="hibernating")
    page.goto(lab.url())
    open_panel(page).get_by_role("combobox", name="Status").select_option("all statuses, including deleted")
    page.locator(".jp-Reana-row", has_text="odd").click()
    expect(panel_status(page, "odd")).to_have_text("hibernating")
    expect(page.locator(".jp-Reana-runHeader")).to_contain_text("hibernating")


@pytest.mark.parametrize(
    ("name", "route", "sign"),
    [
        ("Logs", "logs", ".jp-Reana-line"),
        pytest.param("Files", "workspace", "[role=treeitem]", marks=pytest.mark.soak),
        pytest.param("Specification", "specification", ".cm-line", marks=pytest.mark.soak),
    ],
)
def test_failed_tab_shows_the_error_and_can_be_reloaded(
    page: Page, lab: Lab, reana: FakeReana, name: str, route: str, sign: str
) -> None:
    reana.fail(f"GET .*/{route}", error(403, "The cupboard is locked."))
    page.goto(lab.url())
    open_run(page, "hello#1")
    tab(page, name)
    expect(page.locator(".jp-Reana-tabPanel").get_by_role("alert").first).to_contain_text("The cupboard is locked.")
    reana.faults.clear()
    try_again(page.locator(".jp-Reana-tabPanel"))
    expect(page.locator(f".jp-Reana-tabPanel {sign}").first).to_be_visible()


@pytest.mark.parametrize(
    "lie",
    [
        b"<html>",
        pytest.param(b'{"items": [', marks=pytest.mark.soak),
        pytest.param(b'{"items": [1]}', marks=pytest.mark.soak),
        pytest.param(b'{"items": {}}', marks=pytest.mark.soak),
    ],
)
def test_invalid_list_is_not_an_empty_list(page: Page, lab: Lab, reana: FakeReana, lie: bytes) -> None:
    reana.fail("GET /api/workflows", says(lie))
    page.goto(lab.url())
    panel = open_panel(page)
    expect(panel.get_by_role("alert")).to_be_visible()
    expect(panel.get_by_text("No runs yet")).to_have_count(0)
    reana.faults.clear()
    try_again(panel)
    expect(panel.locator(".jp-Reana-row")).to_have_count(5)


@pytest.mark.soak
def test_search_and_status_are_kept_over_a_reload(page: Page, panel: Locator) -> None:
    with page.expect_event("requestfinished", lambda request: keeps(request, '"running"')):
        panel.get_by_label("Search runs by name").fill("hel")
        expect(panel.locator(".jp-Reana-row")).to_have_count(2)
        panel.get_by_label("Status").select_option("running")
    page.reload()
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    expect(page.locator(".jp-LauncherCard").first).to_be_visible()
    if not panel.is_visible():  # the layout may not have been saved yet
        open_panel(page)
    expect(panel.locator(".jp-Reana-row")).to_have_count(1)
    expect(panel.get_by_label("Search runs by name")).to_have_value("hel")


@pytest.mark.soak
def test_focus_moved_while_connecting_stays(page: Page, lab: Lab, reana: FakeReana) -> None:
    reana.fail("GET /api/you", error(500, "It sleeps."))
    page.goto(lab.url())
    panel = open_panel(page)
    expect(panel.get_by_role("button", name="Try again")).to_be_visible()
    panel.get_by_role("button", name="Refresh").focus()
    page.evaluate("""() => {
        const frames = [], ask = window.requestAnimationFrame;
        window.requestAnimationFrame = frame => frames.push(frame);
        window.goOn = () => { window.requestAnimationFrame = ask; frames.forEach(frame => ask(frame)); };
    }""")
    reana.faults.clear()
    try_again(panel)
    connection = panel.get_by_role("button", name="Connection")
    expect(connection).to_be_enabled()
    connection.focus()
    page.evaluate("() => window.goOn()")
    expect(panel.locator(".jp-Reana-row")).to_have_count(5)
    expect(connection).to_be_focused()


def keeps(request: Request, text: str) -> bool:
    """Return True if a request saves a state with this text."""
    return "/api/workspaces" in request.url and request.method == "PUT" and text in (request.post_data or "")


@pytest.mark.soak
def test_two_tabs_stop_the_same_run(context: BrowserContext, page: Page, lab: Lab, reana: FakeReana) -> None:
    pages = [page, context.new_page()]
    for one in pages:
        one.goto(lab.url())
        open_run(one, "hello#2")
        one.get_by_role("button", name="Stop", exact=True).click()
        expect(one.get_by_role("dialog")).to_be_visible()
    for one in pages:
        one.get_by_role("dialog").get_by_role("button", name="Stop").click()
    for one in pages:
        expect(panel_status(one, "hello#2")).to_have_text("stopped")


@pytest.mark.soak
def test_ten_thousand_files_are_usable(page: Page, lab: Lab, reana: FakeReana) -> None:
    files = {f"many/file-{number:05}.txt": b"x" for number in range(10_000)}
    reana.add("large.1", files=files)
    page.goto(lab.url())
    open_run(page, "large")
    tab(page, "Files")
    expect(page.get_by_text("10000 files")).to_be_visible()
    page.get_by_role("treeitem", name="many").focus()
    page.keyboard.press("End")
    expect(page.get_by_role("treeitem", name="file-09999.txt")).to_be_focused()
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("treeitem", name="file-09998.txt")).to_be_focused()
    assert page.get_by_role("treeitem").count() < 200
    page.get_by_label("Search files").fill("file-00042")
    expect(page.get_by_role("treeitem")).to_have_count(2)
