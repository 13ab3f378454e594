"""Sharing of runs, on servers with and without it."""

from collections.abc import Iterator

import pytest
from conftest import open_panel
from lab import Lab
from playwright.sync_api import Page, expect
from sample import fill
from test_run import open_run, tab

from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana, error
from reana_jupyterlab.tests.fake_routes import ROUTES


@pytest.fixture(scope="module")
def newer() -> Iterator[FakeReana]:
    """A REANA that supports sharing without announcing it, like 0.95.0a6."""
    server = FakeReana(ROUTES, sharing=True)
    fill(server)
    server.add("atlas.5", owner="grace@example.org", files={"a.txt": b"a"})
    yield server
    server.stop()


@pytest.fixture
def newer_lab(clean_lab: Lab, newer: FakeReana) -> Lab:
    """The JupyterLab, connected to it."""
    clean_lab.connect(newer.url, TOKEN)
    return clean_lab


def test_run_is_shared_and_unshared(page: Page, newer_lab: Lab, newer: FakeReana) -> None:
    page.goto(newer_lab.url())
    open_run(page, "hello#1")
    page.locator(".jp-Reana-runHeader").get_by_role("button", name="Share…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("E-mail address of the user")).to_be_focused()
    page.keyboard.insert_text("grace@example.org")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("listitem")).to_contain_text("grace@example.org")
    assert [one["user_email"] for shares in newer.shares.values() for one in shares] == ["grace@example.org"]
    newer.fail("POST .*/unshare", error(404, "Unknown user grace."), times=1)
    remove = dialog.get_by_role("button", name="Remove grace@example.org")
    remove.click()
    expect(dialog.get_by_role("alert")).to_contain_text("Unknown user grace.")
    remove.click()
    expect(dialog.get_by_role("listitem")).to_have_count(0)
    assert list(newer.shares.values()) == []


@pytest.mark.soak
def test_shared_runs_are_listed_and_read_only(page: Page, newer_lab: Lab, newer: FakeReana) -> None:
    page.goto(newer_lab.url())
    panel = open_panel(page)
    expect(panel.locator(".jp-Reana-row")).to_have_count(5)
    panel.get_by_label("Owner").select_option(label="shared with me")
    row = panel.locator(".jp-Reana-row")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("shared by grace@example.org")
    row.click(button="right")
    expect(page.get_by_role("menuitem", name="Show Files")).to_be_visible()
    expect(page.get_by_role("menuitem", name="Delete…")).to_have_count(0)
    page.keyboard.press("Escape")
    row.press("Enter")
    header = page.locator(".jp-Reana-runHeader")
    expect(header).to_contain_text("shared by grace@example.org")
    for name in ("Restart…", "Share…", "Delete…"):
        expect(header.get_by_role("button", name=name)).to_have_count(0)
    tab(page, "Files")
    expect(page.get_by_role("button", name="Download all")).to_be_visible()
    for name in ("Upload…", "Delete…", "Prune…"):
        expect(page.locator(".jp-Reana-fileTools").get_by_role("button", name=name)).to_have_count(0)


@pytest.mark.soak
def test_empty_list_of_shared_runs(page: Page, newer_lab: Lab, newer: FakeReana) -> None:
    theirs = newer.runs.pop(0)
    page.goto(newer_lab.url())
    panel = open_panel(page)
    panel.get_by_label("Owner").select_option(label="shared with me")
    expect(panel).to_contain_text("No runs are shared with you")
    panel.get_by_role("button", name="Show my runs").press("Enter")
    expect(panel.locator(".jp-Reana-row")).to_have_count(5)
    newer.runs.insert(0, theirs)


@pytest.mark.soak
def test_server_without_sharing_has_no_button(page: Page, lab: Lab, reana: FakeReana) -> None:
    page.goto(lab.url())
    open_run(page, "hello#1")
    expect(page.locator(".jp-Reana-runHeader").get_by_role("button", name="Delete…")).to_be_visible()
    expect(page.locator(".jp-Reana-runHeader").get_by_role("button", name="Share…")).to_have_count(0)
    expect(page.get_by_label("Owner")).to_have_count(0)
