"""New runs: from a `reana.yaml` in the file browser to the notification of its end."""

from collections.abc import Iterator

import pytest
from lab import Lab
from playwright.sync_api import Page, expect

from reana_jupyterlab.tests.fake_reana import FakeReana

GOOD = """version: 0.9.4
inputs:
  files:
    - code/hello.py
  parameters:
    events: 1000
workflow:
  type: serial
  specification:
    steps:
      - name: hello
        environment: docker.io/library/python:3.12-slim
        commands:
          - python code/hello.py --n ${events}
outputs:
  files:
    - results/out.txt
"""


@pytest.fixture
def folder(lab: Lab) -> Iterator[Lab]:
    """The JupyterLab with a valid workflow in its root."""
    (lab.root / "code").mkdir()
    (lab.root / "code" / "hello.py").write_text("print(1)\n", encoding="utf-8")
    (lab.root / "reana.yaml").write_text(GOOD, encoding="utf-8")
    yield lab
    (lab.root / "reana.yaml").unlink()
    (lab.root / "code" / "hello.py").unlink()
    (lab.root / "code").rmdir()


def run_on_reana(page: Page, lab: Lab) -> None:
    """Choose 'Run on REANA' in the menu of the file browser."""
    page.goto(lab.url())
    page.locator(".jp-DirListing-item", has_text="reana.yaml").click(button="right")
    page.get_by_role("menuitem", name="Run on REANA").click()
    expect(page.locator(".jp-Reana-check")).to_be_visible()


def test_valid_file_runs_and_its_end_is_notified(page: Page, folder: Lab, reana: FakeReana) -> None:
    run_on_reana(page, folder)
    page.get_by_label("events").fill("many")
    expect(page.get_by_text("Enter a number.")).to_be_visible()
    page.get_by_label("events").fill("2000")
    page.get_by_label("Name", exact=True).fill("my-analysis")
    page.locator(".jp-Reana-newRun").get_by_role("button", name="Run", exact=True).click()
    expect(page.locator(".jp-Reana-runHeader")).to_contain_text("my-analysis")
    assert (reana.runs[0].parameters, reana.runs[0].files) == ({"events": 2000}, {"code/hello.py": b"print(1)\n"})
    reana.runs[0].status = "finished"
    page.get_by_role("button", name="Open results").first.click()
    expect(page.locator(".jp-Reana-runHeader:visible")).to_contain_text("finished")


@pytest.mark.soak
def test_invalid_file_is_underlined_at_its_line(page: Page, folder: Lab, reana: FakeReana) -> None:
    (folder.root / "reana.yaml").write_text(GOOD.replace("code/hello.py\n", "code/missing.py\n", 1), encoding="utf-8")
    run_on_reana(page, folder)
    form = page.locator(".jp-Reana-newRun")
    expect(form.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    form.get_by_role("button", name="line 4").click()
    expect(page.locator(".cm-editor .cm-lintRange-error")).to_contain_text("code/missing.py")


@pytest.mark.soak
def test_other_files_offer_no_run(page: Page, lab: Lab, reana: FakeReana) -> None:
    (lab.root / "notes.txt").write_text("notes", encoding="utf-8")
    page.goto(lab.url())
    page.locator(".jp-DirListing-item", has_text="notes.txt").click(button="right")
    expect(page.get_by_role("menuitem", name="Rename")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Run on REANA")).to_have_count(0)
    (lab.root / "notes.txt").unlink()


@pytest.mark.soak
def test_launcher_has_a_card(page: Page, lab: Lab, reana: FakeReana) -> None:
    page.goto(lab.url())
    page.locator(".jp-LauncherCard", has_text="REANA run").click()
    expect(page.get_by_role("button", name="Choose a reana.yaml…")).to_be_visible()


@pytest.mark.soak
def test_status_bar_counts_running_runs(page: Page, lab: Lab, reana: FakeReana) -> None:
    page.goto(lab.url())
    expect(page.locator(".jp-Reana-statusItem")).to_contain_text("REANA 1 running")
    page.locator(".jp-Reana-statusItem button").click()
    expect(page.locator(".jp-Reana-panel")).to_be_visible()
