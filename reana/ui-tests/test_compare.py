"""Two runs side by side: parameters with both values, files, lines of the specification."""

import copy

import pytest
from lab import Lab
from playwright.sync_api import Locator, Page, expect
from sample import SPECIFICATION, files, finished
from test_run import open_run, tab

from reana_jupyterlab.tests.fake_reana import FakeReana, error

CANDIDATE = "hello.3 (finished)"


@pytest.fixture
def compared(page: Page, lab: Lab, reana: FakeReana) -> Page:
    """The comparison of `hello.4` with a run of other defaults, code and data."""
    other = copy.deepcopy(SPECIFICATION) | {"version": "0.9.3"}
    other["inputs"]["parameters"] |= {"cut_off": 0.7, "seed": 3}
    changed = files() | {"code/fit.py": b"print('fitted')\n", "data/old.json": b"{}"}
    del changed["README.md"]
    reana.add("hello.3", files=changed, specification=other)
    finished(reana, "hello.4", parameters={"events": 5})
    page.goto(lab.url())
    open_run(page, "hello#4")
    tab(page, "Compare")
    page.get_by_label("Compare with").select_option(label=CANDIDATE)
    return page


def part(page: Page, name: str) -> Locator:
    """Return a section of the comparison."""
    return page.locator(".jp-Reana-compare").get_by_role("region", name=name)


def test_each_parameter_that_differs_has_both_values(compared: Page) -> None:
    rows = part(compared, "Parameters").locator("tbody tr")
    expect(rows).to_have_text(["events1000 default5", "cut_off0.7 default0.5 default", "seed3 defaultnot present"])


@pytest.mark.soak
def test_files_that_differ_are_listed(compared: Page) -> None:
    found = part(compared, "Files").get_by_role("listitem")
    expect(found).to_have_text(
        ["+ README.md only in this run", "≠ code/fit.py changed", "\N{MINUS SIGN} data/old.json only in the other run"],
        use_inner_text=True,
    )


@pytest.mark.soak
def test_lines_of_the_specification_are_shown(compared: Page) -> None:
    lines = part(compared, "Specification").locator(".jp-Reana-diff")
    expect(lines.locator("[data-kind=removed]").first).to_contain_text("version: 0.9.3")
    expect(lines.locator("[data-kind=added]").first).to_contain_text("version: 0.9.4")


@pytest.mark.soak
def test_runs_in_one_workspace_are_noted(page: Page, lab: Lab, reana: FakeReana) -> None:
    finished(reana, "hello.1.1")
    page.goto(lab.url())
    open_run(page, "hello#1.1")
    tab(page, "Compare")
    page.get_by_label("Compare with").select_option(label="hello.1 (finished)")
    expect(part(page, "Files")).to_contain_text("Both runs use the same workspace")
    expect(part(page, "Parameters")).to_contain_text("No difference")
    expect(part(page, "Specification")).to_contain_text("No difference")
    assert page.get_by_label("Compare with").locator("option", has_text="deleted").count() == 0


@pytest.mark.soak
def test_failed_comparison_of_files_keeps_the_rest(page: Page, lab: Lab, reana: FakeReana) -> None:
    reana.fail("GET .*/diff/.*", error(404, "Workspace of fit-scan.7 does not exist."))
    page.goto(lab.url())
    open_run(page, "hello#1")
    tab(page, "Compare")
    page.get_by_label("Compare with").select_option(label="fit-scan.7 (failed)")
    expect(part(page, "Files").get_by_role("alert")).to_contain_text("Workspace of fit-scan.7 does not exist.")
    expect(part(page, "Parameters")).to_contain_text("events")
    reana.faults.clear()
    part(page, "Files").get_by_role("button", name="Try again").press("Enter")
    expect(part(page, "Files")).to_contain_text("No difference")
