"""Secrets for the steps, and files that nobody needs any more."""

from conftest import open_panel
from lab import Lab
from playwright.sync_api import Page, expect
from test_access import check
from test_run import open_run, tab

from reana_jupyterlab.tests.fake_reana import FakeReana, error


def test_secret_is_kept_and_deleted_by_keyboard(page: Page, lab: Lab, reana: FakeReana) -> None:
    reana.secrets.clear()
    page.goto(lab.url())
    panel = open_panel(page)
    expect(panel.get_by_role("button", name="Connection")).to_be_enabled()
    panel.get_by_role("button", name="Connection").press("Enter")
    page.get_by_role("button", name="Secrets for the steps…").press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    check(page)
    page.keyboard.insert_text("1X")
    expect(dialog.get_by_role("alert")).to_contain_text("no digit first")
    dialog.get_by_label("Name", exact=True).fill("KEY")
    dialog.get_by_label("Value", exact=True).fill("mellon")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("listitem")).to_contain_text("KEY")
    assert reana.secrets["KEY"] == {"type": "env", "value": "bWVsbG9u"}
    dialog.get_by_role("button", name="Delete KEY").press("Enter")
    dialog.get_by_role("button", name="Delete KEY for good").press("Enter")
    expect(dialog.get_by_text("There is none yet.")).to_be_visible()
    assert reana.secrets == {}


def test_workspace_is_pruned_after_a_question(page: Page, lab: Lab, reana: FakeReana) -> None:
    page.goto(lab.url())
    open_run(page, "hello#1")
    tab(page, "Files")
    page.get_by_role("button", name="Prune…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("**/* after 7 days")
    expect(dialog.get_by_label("Delete the inputs, too")).not_to_be_checked()
    check(page)
    dialog.get_by_role("button", name="Prune").click()
    expect(page.get_by_text("The workspace of hello.1 was pruned.").first).to_be_visible()
    assert len(reana.seen("POST .*/prune")) == 1


def test_token_that_may_not_handle_secrets_is_told_so(page: Page, lab: Lab, reana: FakeReana) -> None:
    reana.fail("GET .*/secrets", error(403, "This token lacks the scope read."), times=1)
    page.goto(lab.url())
    open_panel(page).get_by_role("button", name="Connection").click()
    page.get_by_role("button", name="Secrets for the steps…").click()
    told = page.get_by_text("or connect with another. This token lacks the scope read.")
    expect(told.first).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
