"""Takes the screenshots of the extension for the documentation in both themes, with a fake REANA."""

import shutil
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

sys.path.insert(0, str(Path(__file__).parent))

from conftest import QUIET, open_panel
from lab import Lab, running_lab
from sample import fill
from service import SPECIFICATION, write_analysis

from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana
from reana_jupyterlab.tests.fake_routes import ROUTES

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
SIZE = {"width": 1200, "height": 720}
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
Picture = Callable[[str], None]


def take_run(page: Page, picture: Picture) -> None:
    """Take the tabs of runs."""
    panel = open_panel(page)
    expect(panel.locator(".jp-Reana-row")).to_have_count(5)
    panel.locator(".jp-Reana-row", has_text="fit-scan").click()
    expect(page.locator(".jp-Reana-failedEnd")).to_be_visible()
    picture("failed")
    panel.locator(".jp-Reana-row", has_text="hello#1").click()
    expect(page.locator(".jp-Reana-timeline:visible li")).to_have_count(3)
    picture("overview")
    for name, sign in (("Logs", ".jp-Reana-line"), ("Files", "[role=treeitem]")):
        page.locator(".jp-Reana-runView:visible").get_by_role("tab", name=name, exact=True).click()
        expect(page.locator(f".jp-Reana-tabPanel:visible {sign}").first).to_be_visible()
        if name == "Logs":
            page.locator(".jp-Reana-stepList").get_by_role("button", name="gendata").click()
            expect(page.get_by_role("log")).to_contain_text("event 399")
        picture(name.lower())
    page.locator(".jp-Reana-runView:visible").get_by_role("tab", name="Compare", exact=True).click()
    page.get_by_label("Compare with").select_option(label="fit-scan.7 (failed)")
    expect(page.locator(".jp-Reana-diff")).to_be_visible()
    picture("compare")


def take_new_run(page: Page, lab: Lab, picture: Picture) -> None:
    """Take the form for an invalid specification, and the editor."""
    wrong = SPECIFICATION.replace("data/setup.json", "data/set.json")
    (lab.root / "reana.yaml").write_text(wrong, encoding="utf-8")
    page.get_by_role("tab", name="File Browser").click()
    page.locator(".jp-DirListing-item", has_text="reana.yaml").click(button="right")
    page.get_by_role("menuitem", name="Run on REANA").click()
    form = page.locator(".jp-Reana-newRun")
    expect(form.get_by_text("Uploaded with the run:")).to_be_visible()
    picture("new-run")
    form.get_by_role("button", name="line 5").click()
    page.locator(".cm-editor .cm-lintRange-error").hover()
    expect(page.locator(".cm-tooltip-lint")).to_be_visible()
    picture("validation")


def take_not_connected(page: Page, picture: Picture) -> None:
    """Take the panel without credentials."""
    panel = open_panel(page)
    expect(panel.get_by_label("Access token")).to_be_visible()
    expect(page.locator(".jp-LauncherCard").first).to_be_visible()
    picture("connect")


def take(browser: Browser, folder: Path, reana: FakeReana, scheme: str) -> None:
    """Take all screenshots of one theme."""

    def picture(name: str) -> None:
        if name != "validation":  # the tooltip needs the mouse on it
            page.mouse.move(SIZE["width"] - 5, SIZE["height"] - 40)
        page.screenshot(path=IMAGES / f"reana-{name}-{scheme}.png", animations="disabled")

    environment = {"REANA_SERVER_URL": reana.url, "REANA_ACCESS_TOKEN": TOKEN}
    with running_lab(folder / f"{scheme}-connected", theme=THEMES[scheme], **environment) as lab:
        write_analysis(lab.root)
        page = browser.new_page(viewport=SIZE, locale="en-GB", reduced_motion="reduce")
        page.goto(lab.url())
        take_run(page, picture)
        take_new_run(page, lab, picture)
    with running_lab(folder / f"{scheme}-alone", theme=THEMES[scheme]) as lab:
        page = browser.new_page(viewport=SIZE, locale="en-GB", reduced_motion="reduce")
        page.goto(lab.url())
        take_not_connected(page, picture)


def main() -> None:
    """Take all screenshots."""
    reana = FakeReana(ROUTES)
    fill(reana)
    for run in reana.runs:
        if run.status == "running":
            run.started = f"{datetime.now(UTC) - timedelta(minutes=3, seconds=12):%Y-%m-%dT%H:%M:%S}"
            run.created = run.started
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        for scheme in THEMES:
            take(browser, Path(folder), reana, scheme)
        browser.close()
    reana.stop()


if __name__ == "__main__":
    main()
