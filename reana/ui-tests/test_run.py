"""A run in the main area: overview, logs, files, comparison and actions."""

import re

import pytest
from conftest import open_panel
from lab import Lab
from playwright.sync_api import Locator, Page, expect

from reana_jupyterlab.tests.fake_reana import FakeReana, error


def open_run(page: Page, name: str) -> None:
    """Open a run from the list."""
    open_panel(page).locator(".jp-Reana-row", has_text=name).click()
    expect(page.locator(".jp-Reana-runHeader")).to_be_visible()


@pytest.fixture
def opened(page: Page, lab: Lab, reana: FakeReana) -> Page:
    """JupyterLab with the finished run in front."""
    page.goto(lab.url())
    open_run(page, "hello#1")
    expect(page.locator(".jp-Reana-timeline li")).to_have_count(3)
    return page


def tab(page: Page, name: str) -> None:
    """Open a tab of the run."""
    page.get_by_role("tab", name=name, exact=True).click()


def test_failed_run_opens_at_the_last_lines_of_the_failing_step(page: Page, lab: Lab, reana: FakeReana) -> None:
    page.goto(lab.url())
    open_run(page, "fit-scan")
    expect(page.locator(".jp-Reana-failedEnd")).to_contain_text("ValueError: no events are left")
    page.get_by_role("button", name="Show full log").click()
    expect(page.get_by_role("log")).to_contain_text("Traceback")


@pytest.mark.soak
def test_logs_are_searched_with_their_line_numbers(opened: Page) -> None:
    tab(opened, "Logs")
    opened.locator(".jp-Reana-stepList").get_by_role("button", name="gendata").click()
    opened.get_by_label("Search in this log").fill("event 123:")
    expect(opened.locator(".jp-Reana-line")).to_have_count(1)
    expect(opened.locator(".jp-Reana-line")).to_have_text("123event 123: kept")


@pytest.mark.soak
def test_log_of_a_running_step_is_followed(page: Page, lab: Lab, reana: FakeReana) -> None:
    page.goto(lab.url())
    with page.expect_response(lambda answer: "/logs/follow" in answer.url, timeout=120_000) as stream:
        open_run(page, "hello#2")
    assert stream.value.headers["content-type"] == "text/event-stream"
    tab(page, "Logs")
    expect(page.get_by_role("log")).to_contain_text("iteration 2")
    next(run for run in reana.runs if run.status == "running").jobs["j-7"]["logs"] += "iteration 3\n"
    expect(page.get_by_role("log")).to_contain_text("iteration 3")


@pytest.mark.soak
def test_log_is_polled_if_it_cannot_be_followed(page: Page, lab: Lab, reana: FakeReana) -> None:
    page.route(re.compile("/logs/follow"), lambda route: route.abort())
    page.goto(lab.url())
    open_run(page, "hello#2")
    tab(page, "Logs")
    expect(page.get_by_role("log")).to_contain_text("iteration 2")
    next(run for run in reana.runs if run.status == "running").jobs["j-7"]["logs"] += "iteration 4\n"
    expect(page.get_by_role("log")).to_contain_text("iteration 4")


@pytest.mark.soak
def test_specification_keeps_the_names_of_keys(opened: Page) -> None:
    tab(opened, "Specification")
    expect(opened.locator(".jp-Reana-text")).to_contain_text("kubernetes_memory_limit: 256Mi")


@pytest.mark.parametrize(
    ("name", "viewer"),
    [
        ("plot.png", ".jp-ImageViewer img"),
        pytest.param("fit.csv", ".jp-CSVViewer", marks=pytest.mark.soak),
    ],
)
def test_result_opens_in_the_viewer_of_jupyterlab(opened: Page, name: str, viewer: str) -> None:
    opened.get_by_role("button", name=f"results/{name}").click()
    expect(opened.locator(viewer)).to_be_visible()


def test_download_all_fetches_all_thirteen_files(opened: Page, lab: Lab) -> None:
    tab(opened, "Files")
    opened.get_by_role("button", name="Download all").click()
    expect(opened.get_by_text("13 files are in the folder “hello.1”.").first).to_be_visible()
    assert len([path for path in (lab.root / "hello.1").rglob("*") if path.is_file()]) == 13


@pytest.mark.soak
def test_download_all_continues_and_lists_failed_files(opened: Page, lab: Lab, reana: FakeReana) -> None:
    next(run for run in reana.runs if run.name == "hello.1").name = "lacking.1"
    reana.fail("GET .*/workspace/results/part-3.csv", error(404, "part-3.csv does not exist."))
    reana.fail("GET .*/workspace/code/fit.py", error(500, "The disk does not answer."))
    tab(opened, "Files")
    opened.get_by_role("button", name="Download all").click()
    missed = opened.get_by_label("Files that were not downloaded").get_by_role("listitem")
    expect(missed).to_have_text(
        ["code/fit.py The disk does not answer.", "results/part-3.csv part-3.csv does not exist."]
    )
    expect(opened.get_by_label("Transfers")).to_contain_text("2 files could not be downloaded:")
    assert len([path for path in (lab.root / "lacking.1").rglob("*") if path.is_file()]) == 11
    opened.get_by_role("button", name="Dismiss").click()
    expect(opened.get_by_label("Transfers")).to_have_count(0)


@pytest.mark.soak
def test_upload_and_delete_a_file(opened: Page, reana: FakeReana) -> None:
    tab(opened, "Files")
    content = {"name": "ä new.txt", "mimeType": "text/plain", "buffer": b"new"}
    opened.get_by_label("Files to upload").set_input_files([content])  # type: ignore[list-item] # a FilePayload
    row = opened.get_by_role("treeitem", name="ä new.txt")
    expect(row).to_be_visible()
    row.focus()
    opened.keyboard.press(" ")
    opened.get_by_role("button", name="Delete…").last.click()
    expect(opened.get_by_role("dialog")).to_contain_text("ä new.txt")
    opened.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(row).to_have_count(0)


@pytest.mark.soak
def test_workspace_is_a_folder_in_the_file_browser(opened: Page) -> None:
    tab(opened, "Files")
    opened.get_by_role("button", name="Show in the file browser").click()
    expect(opened.locator(".jp-DirListing-item", has_text="README.md")).to_be_visible()


@pytest.mark.soak
def test_restart_with_another_parameter(opened: Page, reana: FakeReana) -> None:
    opened.get_by_role("button", name="Restart…").click()
    expect(opened.get_by_role("dialog").get_by_label("events")).to_be_focused()
    opened.get_by_role("dialog").get_by_label("events").fill("7")
    opened.get_by_role("dialog").get_by_role("button", name="Restart").click()
    expect(opened.locator(".jp-Reana-runHeader:visible")).to_contain_text("#1.1")
    assert reana.runs[0].parameters == {"events": 7}


@pytest.mark.soak
def test_stop_asks_for_confirmation(page: Page, lab: Lab, reana: FakeReana) -> None:
    page.goto(lab.url())
    open_run(page, "hello#2")
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.get_by_role("dialog")).to_contain_text("Stop hello.2?")
    page.get_by_role("dialog").get_by_role("button", name="Stop").click()
    expect(panel_status(page, "hello#2")).to_have_text("stopped")


@pytest.mark.soak
def test_delete_lists_what_is_deleted(opened: Page) -> None:
    opened.get_by_role("button", name="Delete…").click()
    expect(opened.get_by_role("dialog")).to_contain_text("all files in its workspace")
    opened.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(opened.locator(".jp-Reana-runHeader")).to_contain_text("deleted")
    expect(opened.locator(".jp-Reana-row", has_text="hello#1")).to_have_count(0)
    opened.get_by_label("Status", exact=True).select_option(label="all statuses, including deleted")
    expect(panel_status(opened, "hello#1")).to_have_text("deleted")


@pytest.mark.soak
def test_delete_names_the_runs_in_the_same_workspace(page: Page, lab: Lab, reana: FakeReana) -> None:
    for name in ("hello.1.2", "hello.1.1", "hello.12"):
        reana.add(name)
    page.goto(lab.url())
    open_run(page, "hello#1.1")
    page.get_by_role("button", name="Delete…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("2 other runs use the same workspace")
    expect(dialog).to_contain_text("lose their files: hello.1, hello.1.2.")
    dialog.get_by_role("button", name="Cancel").click()
    assert not reana.seen("PUT .*")


@pytest.mark.soak
def test_run_that_failed_in_the_engine_shows_why(page: Page, lab: Lab, reana: FakeReana) -> None:
    engine = "INFO | Publisher: total 2\nERROR | The workspace quota is exceeded.\n"
    parts = [{"component": "scheduler", "content": "scheduler is up\n"}]
    reana.add(
        "broken.1", status="failed", engine_log=engine, engine_specific="exit code 3", service_logs={"dask": parts}
    )
    page.goto(lab.url())
    open_run(page, "broken")
    why = page.get_by_role("region", name="Reason for the failure")
    expect(why).to_contain_text("Failed in the workflow engine, before any step")
    expect(why).to_contain_text("The workspace quota is exceeded.\nexit code 3")
    why.get_by_role("button", name="Show full log").press("Enter")
    expect(page.get_by_role("log")).to_contain_text("exit code 3")
    page.locator(".jp-Reana-stepList").get_by_role("button", name="Service dask").click()
    expect(page.get_by_role("log")).to_contain_text("scheduler is up")


def panel_status(page: Page, name: str) -> Locator:
    """Return the status label of a run in the list."""
    return page.locator(".jp-Reana-row", has_text=re.compile(re.escape(name))).locator(".jp-Reana-statusWord")
