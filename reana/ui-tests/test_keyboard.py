"""All main actions with the keyboard alone, without a mouse."""

import pytest
from lab import Lab
from playwright.sync_api import Locator, Page, expect
from service import write_analysis

from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana

MAX_KEY_PRESSES = 40


@pytest.fixture
def analysis_lab(disconnected_lab: Lab) -> Lab:
    """The JupyterLab without credentials, with a workflow in its root."""
    write_analysis(disconnected_lab.root)
    return disconnected_lab


@pytest.mark.soak
def test_all_actions_work_with_the_keyboard(page: Page, analysis_lab: Lab, reana: FakeReana) -> None:
    page.goto(analysis_lab.url())
    expect(page.locator("#jupyterlab-splash")).to_have_count(0)
    expect(page.locator(".jp-LauncherCard").first).to_be_visible()
    connect(page, reana)
    open_running_run(page)
    navigate_tabs(page)
    stop_and_delete(page)
    start_another_run(page, reana)


def connect(page: Page, reana: FakeReana) -> None:
    """Connect; the panel has the focus when opened, and the list after connecting."""
    command(page, "Show REANA Runs")
    expect(page.get_by_label("Server address")).to_be_focused()
    page.keyboard.insert_text(reana.url)
    walk_to(page, page.get_by_label("Access token"))
    page.keyboard.insert_text(TOKEN)
    page.keyboard.press("Enter")
    expect(page.locator(".jp-Reana-row")).to_have_count(5)
    expect(page.get_by_label("Search runs by name")).to_be_focused()


def open_running_run(page: Page) -> None:
    """Open the running run, the first of the list."""
    walk_to(page, page.locator(".jp-Reana-row").first)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(part(page, "Overview")).to_be_focused()


def navigate_tabs(page: Page) -> None:
    """Move through the tabs with the arrow keys."""
    for name in ("Logs", "Files", "Specification", "Compare", "Overview"):
        page.keyboard.press("ArrowRight")
        expect(part(page, name)).to_be_focused()
        expect(part(page, name)).to_have_attribute("aria-selected", "true")


def stop_and_delete(page: Page) -> None:
    """Stop and delete; dialogs can be cancelled and return the focus."""
    header = page.locator(".jp-Reana-runHeader")
    walk_to(page, header.get_by_role("button", name="Stop", exact=True), key="Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_contain_text("Stop hello.2?")
    page.keyboard.press("Escape")
    expect(header.get_by_role("button", name="Stop", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    press_dialog_button(page, "Stop")
    expect(header).to_contain_text("stopped")
    expect(part(page, "Overview")).to_be_focused()
    walk_to(page, header.get_by_role("button", name="Delete…"), key="Shift+Tab")
    page.keyboard.press("Enter")
    press_dialog_button(page, "Delete")
    expect(header).to_contain_text("deleted")


def start_another_run(page: Page, reana: FakeReana) -> None:
    """Open a file by name, and start a run from it."""
    command(page, "Open from Path…")
    expect(page.get_by_role("dialog").locator("input")).to_be_focused()
    page.keyboard.insert_text("reana.yaml")
    page.keyboard.press("Enter")
    expect(page.locator(".jp-FileEditor .cm-content")).to_contain_text("version")
    command(page, "Run on REANA")
    form = page.locator(".jp-Reana-newRun")
    expect(form.get_by_text("No errors found. You can start the run.")).to_be_visible()
    walk_to(page, form.get_by_label("points"))
    page.keyboard.press("Control+a")
    page.keyboard.insert_text("7")
    expect(form.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    page.keyboard.press("Enter")
    expect(page.locator(".jp-Reana-runHeader:visible")).to_contain_text("workflow")
    expect(part(page, "Overview")).to_be_focused()
    assert reana.runs[0].parameters == {"points": 7}


def command(page: Page, label: str) -> None:
    """Run a command of the palette."""
    page.keyboard.press("Control+Shift+c")
    search = page.locator(".lm-CommandPalette-input, .jp-ModalCommandPalette input").first
    expect(search).to_be_focused()
    page.keyboard.insert_text(label)
    expect(page.locator(".lm-CommandPalette-item.lm-mod-active")).to_contain_text(label)
    page.keyboard.press("Enter")


def press_dialog_button(page: Page, label: str) -> None:
    """Focus a button of the dialog and press it."""
    dialog = page.get_by_role("dialog")
    walk_to(page, dialog.get_by_role("button", name=label, exact=True))
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)


def walk_to(page: Page, target: Locator, *, key: str = "Tab") -> None:
    """Press a key until the target has the focus."""
    expect(target).to_be_visible()
    for _ in range(MAX_KEY_PRESSES):
        if target.evaluate("node => node === document.activeElement"):
            return
        page.keyboard.press(key)
    expect(target).to_be_focused(timeout=1)


def part(page: Page, name: str) -> Locator:
    """Return a tab of the run in front."""
    return page.locator(".jp-Reana-runView:visible").get_by_role("tab", name=name, exact=True)
