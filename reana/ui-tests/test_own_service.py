"""The complete workflow with this project's own workflow service, without fakes."""

import csv
from collections.abc import Iterator

import pytest
from conftest import open_panel
from lab import Lab
from playwright.sync_api import Locator, Page, expect
from service import Service, running_service, write_analysis

LONG_TIMEOUT_MS = 180_000
FILES = 14
"""Number of files, with the lock file of the environment."""


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """The service, with a new user."""
    with running_service() as service:
        yield service


@pytest.fixture
def analysis_lab(disconnected_lab: Lab) -> Lab:
    """The JupyterLab without credentials, with a workflow in its root."""
    write_analysis(disconnected_lab.root)
    return disconnected_lab


def test_workflow_from_validation_to_deletion(page: Page, analysis_lab: Lab, service: Service) -> None:
    page.goto(analysis_lab.url())
    panel = open_panel(page)
    connect(panel, service)
    correct_input(page, analysis_lab)
    run_and_follow(page)
    look_at_results(page)
    download_all(page, analysis_lab)
    restart_and_compare(page)
    stop_long_run(page)
    delete(page)


def connect(panel: Locator, service: Service) -> None:
    """Connect, first with an invalid token."""
    panel.get_by_label("Server address").fill(service.url)
    for token in ("uws_wrong", service.token):
        panel.get_by_label("Access token").fill(token)
        panel.get_by_role("button", name="Connect", exact=True).click()
        expect(panel.get_by_role("alert") if token == "uws_wrong" else panel.get_by_text("No runs yet")).to_be_visible()


def correct_input(page: Page, lab: Lab) -> None:
    """Correct a missing input, which is underlined at its line, so that the file can be run."""
    path = lab.root / "reana.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace("data/setup.json", "data/set.json"), encoding="utf-8")
    page.get_by_role("tab", name="File Browser").click()
    page.locator(".jp-DirListing-item", has_text="reana.yaml").click(button="right")
    page.get_by_role("menuitem", name="Run on REANA").click()
    form = page.locator(".jp-Reana-newRun")
    expect(form.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    form.get_by_role("button", name="line 5").click()
    expect(page.locator(".cm-editor .cm-lintRange-error")).to_contain_text("data/set.json")
    page.keyboard.press("Shift+End")
    page.keyboard.insert_text("    - data/setup.json")
    expect(page.locator(".cm-editor .cm-lintRange-error")).to_have_count(0)
    page.keyboard.press("Control+s")
    main_tab(page, "New REANA run").click()
    expect(form.get_by_role("button", name="Run", exact=True)).to_be_enabled()


def run_and_follow(page: Page) -> None:
    """Run it; the log grows, and a notification reports the end."""
    form = page.locator(".jp-Reana-newRun")
    form.get_by_label("Name", exact=True).fill("line")
    form.get_by_role("button", name="Run", exact=True).click()
    expect(header(page, "line")).to_be_visible()
    part(page, "Logs")
    page.locator(".jp-Reana-stepList").get_by_role("button", name="gendata").click(timeout=LONG_TIMEOUT_MS)
    expect(page.get_by_role("log")).to_contain_text("point 1:", timeout=LONG_TIMEOUT_MS)
    expect(page.get_by_role("log")).to_contain_text("point 11: 23.5", timeout=LONG_TIMEOUT_MS)
    page.get_by_role("button", name="Open results").first.click(timeout=LONG_TIMEOUT_MS)
    expect(header(page, "line")).to_contain_text("finished", timeout=LONG_TIMEOUT_MS)


def look_at_results(page: Page) -> None:
    """Open results in JupyterLab's viewers."""
    for name, viewer in (("plot.png", ".jp-ImageViewer img"), ("fit.csv", ".jp-CSVViewer")):
        main_tab(page, "line #1").click()
        part(page, "Overview")
        page.get_by_role("button", name=f"results/{name}").click()
        expect(page.locator(viewer)).to_be_visible()
    assert page.locator(".jp-ImageViewer img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 120
    main_tab(page, "line #1").click()


def download_all(page: Page, lab: Lab) -> None:
    """Download all files and check the computed values."""
    part(page, "Files")
    page.get_by_role("button", name="Download all").click()
    expect(page.get_by_text(f"{FILES} files are in the folder “line.1”.").first).to_be_visible()
    folder = lab.root / "line.1"
    assert len([path for path in folder.rglob("*") if path.is_file()]) == FILES
    with (folder / "results" / "fit.csv").open(encoding="utf-8") as file:
        assert {row["parameter"]: float(row["value"]) for row in csv.DictReader(file)} == {"slope": 2, "offset": 1.5}


def restart_and_compare(page: Page) -> None:
    """Restart with another slope and no pauses, and compare both runs."""
    restart(page, slope="3", pause="0")
    expect(header(page, "#1.1")).to_contain_text("finished", timeout=LONG_TIMEOUT_MS)
    part(page, "Compare")
    shown(page).get_by_label("Compare with").select_option(label="line.1 (finished)")
    expect(shown(page).locator(".jp-Reana-compared tbody tr", has_text="slope")).to_have_text("slope2 default3")
    expect(shown(page).get_by_role("region", name="Files")).to_contain_text("Both runs use the same workspace")


def stop_long_run(page: Page) -> None:
    """Stop a run that would last for days."""
    restart(page, pause="100000")
    expect(header(page, "#1.2")).to_contain_text("running", timeout=LONG_TIMEOUT_MS)
    shown(page).get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(header(page, "#1.2")).to_contain_text("stopped", timeout=LONG_TIMEOUT_MS)


def delete(page: Page) -> None:
    """Delete the run, which the service does with its restarts."""
    main_tab(page, "line #1").click()
    header(page, "line").get_by_role("button", name="Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(header(page, "line")).to_contain_text("deleted", timeout=LONG_TIMEOUT_MS)


def restart(page: Page, **parameters: str) -> None:
    """Restart the run in front with other parameters."""
    shown(page).get_by_role("button", name="Restart…").click()
    expect(page.get_by_role("dialog").locator("input").first).to_be_focused()  # later focus changes would lose input
    for name, value in parameters.items():
        page.get_by_role("dialog").get_by_label(name).fill(value)
    page.get_by_role("dialog").get_by_role("button", name="Restart").click()


def shown(page: Page) -> Locator:
    """Return the run that is in front."""
    return page.locator(".jp-Reana-runView:visible")


def header(page: Page, text: str) -> Locator:
    """Return the header of the run in front, if it has this text."""
    return page.locator(".jp-Reana-runHeader:visible", has_text=text)


def part(page: Page, name: str) -> None:
    """Open a tab of the run in front."""
    shown(page).get_by_role("tab", name=name, exact=True).click()


def main_tab(page: Page, name: str) -> Locator:
    """Return a tab of the main area."""
    return page.locator("#jp-main-dock-panel .lm-TabBar-tab").filter(has=page.get_by_text(name, exact=True))
