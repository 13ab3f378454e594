"""Secrets, pruning, and servers with limited features."""

import re
from collections.abc import Iterator

import pytest
from conftest import open_panel
from lab import Lab
from playwright.sync_api import Page, expect
from sample import fill
from service import write_analysis
from test_access import check
from test_run import open_run, tab

from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana, error
from reana_jupyterlab.tests.fake_routes import ROUTES


def test_secret_is_saved_and_deleted_by_keyboard(page: Page, lab: Lab, reana: FakeReana) -> None:
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
    expect(dialog.get_by_role("alert")).to_contain_text("do not start with a digit")
    dialog.get_by_label("Name", exact=True).fill("KEY")
    dialog.get_by_label("Value", exact=True).fill("mellon")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("listitem")).to_contain_text("KEY")
    assert reana.secrets["KEY"] == {"type": "env", "value": "bWVsbG9u"}
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()  # the dialog is a new one, and takes the focus
    dialog.get_by_role("button", name="Delete KEY").press("Enter")
    dialog.get_by_role("button", name="Delete KEY permanently").press("Enter")
    expect(dialog.get_by_text("No secrets yet.")).to_be_visible()
    assert reana.secrets == {}


@pytest.mark.soak
def test_workspace_is_pruned_after_confirmation(page: Page, lab: Lab, reana: FakeReana) -> None:
    page.goto(lab.url())
    open_run(page, "hello#1")
    tab(page, "Files")
    page.get_by_role("button", name="Prune…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("**/* after 7 days")
    expect(dialog.get_by_label("Also delete the inputs")).not_to_be_checked()
    check(page)
    dialog.get_by_role("button", name="Prune").click()
    expect(page.get_by_text("The workspace of hello.1 was pruned.").first).to_be_visible()
    assert len(reana.seen("POST .*/prune")) == 1


@pytest.fixture
def limited_lab(clean_lab: Lab) -> Iterator[Lab]:
    """The JupyterLab with a token that cannot manage secrets and a server without containers, as in own sessions."""
    server = FakeReana(ROUTES, runtime="none. NO CONTAINER RUNTIME IS CONFIGURED.")
    server.fail("GET .*/secrets", error(403, "This token lacks the scope read."))
    fill(server)
    clean_lab.connect(server.url, TOKEN)
    write_analysis(clean_lab.root)
    yield clean_lab
    server.stop()


@pytest.mark.soak
def test_secrets_are_hidden_if_the_token_cannot_manage_them(page: Page, limited_lab: Lab) -> None:
    page.goto(limited_lab.url())
    panel = open_panel(page)
    panel.get_by_role("button", name="Connection").click()
    expect(panel).to_contain_text("This token cannot manage secrets")
    expect(panel.get_by_role("button", name="Secrets for the steps…")).to_have_count(0)
    expect(panel).to_contain_text("the environment of a step is ignored")
    page.keyboard.press("Control+Shift+C")
    page.locator(".lm-CommandPalette-input").fill("REANA Secrets")
    item = page.locator(".lm-CommandPalette-item", has_text="REANA Secrets…")
    expect(item).to_have_class(re.compile(r"\blm-mod-disabled\b"))


@pytest.mark.soak
def test_ignored_environment_is_noted(page: Page, limited_lab: Lab) -> None:
    page.goto(limited_lab.url())
    open_run(page, "hello#1")
    expect(page.get_by_role("note")).to_contain_text("not in docker.io/library/python:3.12-slim.")
    page.get_by_role("tab", name="File Browser").click()
    page.locator(".jp-DirListing-item", has_text="reana.yaml").click(button="right")
    page.get_by_role("menuitem", name="Run on REANA").click()
    form = page.locator(".jp-Reana-newRun")
    expect(form.get_by_role("note")).to_contain_text("not in docker.io/library/python:3.12-slim.")
    check(page)
