"""Accessibility: keyboard, screen reader and both themes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import open_panel
from lab import Lab
from playwright.sync_api import Page, expect
from service import write_analysis

from reana_jupyterlab.tests.fake_reana import FakeReana

THEMES = "@jupyterlab/apputils-extension:themes"
AXE = Path(__file__).parent.parent / "node_modules" / "axe-core" / "axe.min.js"
SERIOUS = """() => axe.run({ include: ['.jp-Reana'] }).then(({ violations }) => violations
  .filter(({ impact }) => impact === 'serious' || impact === 'critical')
  .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`))"""


@pytest.fixture(params=["JupyterLab Light", pytest.param("JupyterLab Dark", marks=pytest.mark.soak)])
def themed(request: pytest.FixtureRequest, lab: Lab) -> Iterator[Lab]:
    """The JupyterLab in each theme."""
    lab.configure(THEMES, {"theme": request.param})
    yield lab
    lab.configure(THEMES, {})


def check(page: Page) -> None:
    """Check all parts of the extension on the page with axe."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    assert page.evaluate(SERIOUS) == []


def test_axe_finds_no_serious_violation(page: Page, themed: Lab, reana: FakeReana) -> None:
    page.goto(themed.url())
    panel = open_panel(page)
    expect(panel.locator(".jp-Reana-row")).to_have_count(5)
    panel.locator(".jp-Reana-row", has_text="fit-scan").click()
    expect(page.locator(".jp-Reana-failedEnd")).to_be_visible()
    check(page)
    for name, sign in [("Logs", ".jp-Reana-line"), ("Files", "[role=treeitem]"), ("Specification", ".cm-line")]:
        page.get_by_role("tab", name=name, exact=True).click()
        expect(page.locator(f".jp-Reana-tabPanel {sign}").first).to_be_visible()
        check(page)
    page.get_by_role("tab", name="Compare", exact=True).click()
    page.get_by_label("Compare with").select_option(label="hello.1 (finished)")
    expect(page.locator(".jp-Reana-diff")).to_be_visible()
    check(page)
    panel.get_by_role("button", name="Connection").click()
    expect(panel.get_by_label("Access token")).to_be_visible()
    check(page)


@pytest.mark.soak
def test_axe_finds_no_serious_violation_in_forms_and_dialogs(page: Page, themed: Lab, reana: FakeReana) -> None:
    write_analysis(themed.root)
    (themed.root / "data" / "setup.json").unlink()
    page.goto(themed.url())
    panel = open_panel(page)
    panel.locator(".jp-Reana-row", has_text="hello#1").click()
    for button in ("Restart…", "Delete…"):
        page.locator(".jp-Reana-runHeader").get_by_role("button", name=button).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        check(page)
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
    panel.get_by_role("button", name="Connection").click()
    panel.get_by_role("button", name="Secrets for the steps…").click()
    expect(page.get_by_role("dialog")).to_contain_text("Values cannot be read again")
    check(page)
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("tab", name="File Browser").click()
    page.locator(".jp-DirListing-item", has_text="reana.yaml").click(button="right")
    page.get_by_role("menuitem", name="Run on REANA").click()
    form = page.locator(".jp-Reana-newRun")
    expect(form.get_by_role("button", name="line 5")).to_be_visible()
    form.get_by_label("points").fill("many")
    expect(form.get_by_text("Enter a number.")).to_be_visible()
    check(page)


@pytest.mark.soak
def test_tabs_and_files_are_navigated_by_keyboard(page: Page, themed: Lab, reana: FakeReana) -> None:
    page.goto(themed.url())
    open_panel(page).locator(".jp-Reana-row", has_text="fit-scan").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="Overview", exact=True)).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Files", exact=True)).to_be_focused()
    page.get_by_role("treeitem", name="code").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("treeitem", name="fit.py")).to_have_count(0)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator(".jp-FileEditor")).to_be_visible()
