"""Several accounts: what is shown is always that of the connected one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import open_panel
from lab import Lab, running_lab
from playwright.sync_api import Locator, Page, expect

from reana_jupyterlab.tests.fake_answers import ROUTES
from reana_jupyterlab.tests.fake_faults import make_certificate
from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana, hang

OTHER = "t0ken-of-grace"


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Lab]:
    """A JupyterLab without any credentials."""
    with running_lab(tmp_path / "alone") as lab:
        yield lab


@pytest.fixture
def other() -> Iterator[FakeReana]:
    """Another server, with a run of its own."""
    server = FakeReana(ROUTES)
    server.accounts = {OTHER: "grace@example.org"}
    server.add("elsewhere.1")
    yield server
    server.stop()


def connect(panel: Locator, server: str, token: str, *, keep: bool = True) -> None:
    """Fill in the form."""
    panel.get_by_label("Server address").fill(server)
    panel.get_by_label("Access token").fill(token)
    if keep:
        panel.get_by_label("Remember this server").check()
    panel.get_by_role("button", name="Connect", exact=True).click()


def test_another_server_shows_nothing_of_the_one_before(
    page: Page, alone: Lab, reana: FakeReana, other: FakeReana
) -> None:
    page.goto(alone.url())
    panel = open_panel(page)
    connect(panel, reana.url, TOKEN)
    panel.locator(".jp-Reana-row", has_text="fit-scan").click()
    expect(page.locator(".jp-Reana-failedEnd")).to_be_visible()
    panel.get_by_role("button", name="Connection").click()
    other.fail("GET /api/workflows", hang, times=3)
    connect(panel, other.url, OTHER)
    expect(panel.locator(".jp-Reana-who")).to_contain_text("grace@example.org")
    # The new server has not told its runs yet: those of the old one are gone.
    expect(panel.locator(".jp-Reana-row")).to_have_count(0)
    view = page.locator(".jp-Reana-runView")
    expect(view).to_contain_text("This run belongs to another account")
    expect(view.get_by_role("button", name="Delete…")).to_have_count(0)
    other.released.set()
    expect(panel.locator(".jp-Reana-row")).to_have_count(1)
    expect(panel.locator(".jp-Reana-row")).to_contain_text("elsewhere#1")
    assert [one.path for one in other.requests if reana.runs[0].id in one.path] == []
    view.get_by_role("button", name="Connect as jane@example.org").click()
    expect(page.locator(".jp-Reana-failedEnd")).to_be_visible()
    expect(panel.locator(".jp-Reana-row")).to_have_count(5)


def test_two_accounts_of_a_server_are_kept(page: Page, alone: Lab, reana: FakeReana) -> None:
    reana.accounts[OTHER] = "grace@example.org"
    page.goto(alone.url())
    panel = open_panel(page)
    for token, email in ((TOKEN, "jane@example.org"), (OTHER, "grace@example.org")):
        connect(panel, reana.url, token)
        expect(panel.locator(".jp-Reana-who")).to_contain_text(email)
        panel.get_by_role("button", name="Connection").click()
    kept = panel.get_by_role("list", name="Saved servers").get_by_role("listitem")
    expect(kept.filter(has_text="jane@example.org")).to_have_count(1)
    expect(kept.filter(has_text="grace@example.org (in use)")).to_have_count(1)
    kept.filter(has_text="jane@example.org").get_by_role("button", name="Use").click()
    expect(panel.locator(".jp-Reana-who")).to_contain_text("jane@example.org")
    del reana.accounts[OTHER]


def test_a_site_with_its_own_authority(page: Page, alone: Lab, tmp_path: Path) -> None:
    server = FakeReana(ROUTES)
    server.encrypt(*make_certificate(tmp_path))
    (alone.root / "ca.pem").write_bytes((tmp_path / "certificate.pem").read_bytes())
    page.goto(alone.url())
    panel = open_panel(page)
    connect(panel, server.url, TOKEN, keep=False)
    expect(panel.get_by_role("alert")).to_contain_text(f"use {server.url.replace('http:', 'https:')}.")
    field = panel.get_by_label("Certificate file (PEM)")
    expect(field).to_be_hidden()
    connect(panel, server.url.replace("http:", "https:"), TOKEN, keep=False)
    expect(field).to_be_visible()
    field.fill("nope.pem")
    panel.get_by_role("button", name="Connect", exact=True).click()
    expect(panel.get_by_role("alert")).to_contain_text("nope.pem does not exist.")
    field.fill("ca.pem")
    panel.get_by_role("button", name="Connect", exact=True).click()
    expect(panel.get_by_text("No runs yet")).to_be_visible()
    server.stop()
