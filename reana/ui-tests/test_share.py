"""Runs are shared where REANA offers it, and nothing is said of it where it does not."""

from collections.abc import Iterator

import pytest
from lab import Lab, running_lab
from playwright.sync_api import Page, expect
from sample import fill
from test_run import open_run

from reana_jupyterlab.tests.fake_answers import ROUTES
from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana, error


@pytest.fixture(scope="module")
def newer() -> Iterator[FakeReana]:
    """A REANA of the newer kind."""
    server = FakeReana(ROUTES, modern=True)
    fill(server)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def newer_lab(tmp_path_factory: pytest.TempPathFactory, newer: FakeReana) -> Iterator[Lab]:
    """A JupyterLab that is connected to it."""
    folder = tmp_path_factory.mktemp("newer") / "server"
    with running_lab(folder, REANA_SERVER_URL=newer.url, REANA_ACCESS_TOKEN=TOKEN) as lab:
        yield lab


def test_run_is_shared_and_taken_back(page: Page, newer_lab: Lab, newer: FakeReana) -> None:
    page.goto(newer_lab.url())
    open_run(page, "hello#1")
    page.locator(".jp-Reana-runHeader").get_by_role("button", name="Share…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("E-mail address of a person")).to_be_focused()
    page.keyboard.insert_text("grace@example.org")
    page.keyboard.press("Enter")
    expect(dialog.get_by_role("listitem")).to_contain_text("grace@example.org")
    assert [one["user_email"] for shares in newer.shares.values() for one in shares] == ["grace@example.org"]
    newer.fail("POST .*/unshare", error(404, "Nobody knows grace."), times=1)
    take_back = dialog.get_by_role("button", name="Take back from grace@example.org")
    take_back.click()
    expect(dialog.get_by_role("alert")).to_contain_text("Nobody knows grace.")
    take_back.click()
    expect(dialog.get_by_role("listitem")).to_have_count(0)
    assert list(newer.shares.values()) == []


def test_where_it_is_not_offered_there_is_no_button(page: Page, lab: Lab, reana: FakeReana) -> None:
    page.goto(lab.url())
    open_run(page, "hello#1")
    expect(page.locator(".jp-Reana-runHeader").get_by_role("button", name="Delete…")).to_be_visible()
    expect(page.locator(".jp-Reana-runHeader").get_by_role("button", name="Share…")).to_have_count(0)
