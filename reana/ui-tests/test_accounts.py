"""Several accounts: the panel shows only data of the connected one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import open_panel
from lab import Lab
from playwright.sync_api import Locator, Page, expect

from reana_jupyterlab.tests.fake_faults import make_certificate
from reana_jupyterlab.tests.fake_reana import TOKEN, FakeReana, hang
from reana_jupyterlab.tests.fake_routes import ROUTES

OTHER = "t0ken-of-grace"


@pytest.fixture
def other() -> Iterator[FakeReana]:
    """Another server with another run."""
    server = FakeReana(ROUTES)
    server.accounts = {OTHER: "grace@example.org"}
    server.add("remote.1")
    yield server
    server.stop()


def connect(panel: Locator, server: str, token: str, *, save: bool = True) -> None:
    """Fill in the form."""
    panel.get_by_label("Server address").fill(server)
    panel.get_by_label("Access token").fill(token)
    if save:
        panel.get_by_label("Remember this server").check()
    panel.get_by_role("button", name="Connect", exact=True).click()


@pytest.mark.soak
def test_new_server_replaces_all_data_of_the_old_one(
    page: Page, disconnected_lab: Lab, reana: FakeReana, other: FakeReana
) -> None:
    page.goto(disconnected_lab.url())
    panel = open_panel(page)
    connect(panel, reana.url, TOKEN)
    panel.locator(".jp-Reana-row", has_text="fit-scan").click()
    expect(page.locator(".jp-Reana-failedEnd")).to_be_visible()
    panel.get_by_role("button", name="Connection").click()
    other.fail("GET /api/workflows", hang, times=3)
    connect(panel, other.url, OTHER)
    expect(panel.locator(".jp-Reana-who")).to_contain_text("grace@example.org")
    # The new server has not responded yet, and the runs of the old one are gone.
    expect(panel.locator(".jp-Reana-row")).to_have_count(0)
    view = page.locator(".jp-Reana-runView")
    expect(view).to_contain_text("This run belongs to another account")
    expect(view.get_by_role("button", name="Delete…")).to_have_count(0)
    other.released.set()
    expect(panel.locator(".jp-Reana-row")).to_have_count(1)
    expect(panel.locator(".jp-Reana-row")).to_contain_text("remote#1")
    assert [one.path for one in other.requests if reana.runs[0].id in one.path] == []
    view.get_by_role("button", name="Connect as jane@example.org").click()
    expect(page.locator(".jp-Reana-failedEnd")).to_be_visible()
    expect(panel.locator(".jp-Reana-row")).to_have_count(5)


@pytest.mark.soak
def test_two_accounts_of_a_server_are_saved(page: Page, disconnected_lab: Lab, reana: FakeReana) -> None:
    reana.accounts[OTHER] = "grace@example.org"
    page.goto(disconnected_lab.url())
    panel = open_panel(page)
    for token, email in ((TOKEN, "jane@example.org"), (OTHER, "grace@example.org")):
        connect(panel, reana.url, token)
        expect(panel.locator(".jp-Reana-who")).to_contain_text(email)
        panel.get_by_role("button", name="Connection").click()
    saved = panel.get_by_role("list", name="Saved servers").get_by_role("listitem")
    expect(saved.filter(has_text="jane@example.org")).to_have_count(1)
    expect(saved.filter(has_text="grace@example.org (in use)")).to_have_count(1)
    saved.filter(has_text="jane@example.org").get_by_role("button", name="Use").click()
    expect(panel.locator(".jp-Reana-who")).to_contain_text("jane@example.org")
    del reana.accounts[OTHER]


@pytest.mark.soak
def test_server_with_a_custom_certificate(page: Page, disconnected_lab: Lab, tmp_path: Path) -> None:
    server = FakeReana(ROUTES)
    server.encrypt(*make_certificate(tmp_path))
    (disconnected_lab.root / "ca.pem").write_bytes((tmp_path / "certificate.pem").read_bytes())
    page.goto(disconnected_lab.url())
    panel = open_panel(page)
    connect(panel, server.url, TOKEN, save=False)
    expect(panel.get_by_role("alert")).to_contain_text(f"use {server.url.replace('http:', 'https:')}.")
    field = panel.get_by_label("Certificate file (PEM)")
    expect(field).to_be_hidden()
    connect(panel, server.url.replace("http:", "https:"), TOKEN, save=False)
    expect(field).to_be_visible()
    field.fill("nope.pem")
    panel.get_by_role("button", name="Connect", exact=True).click()
    expect(panel.get_by_role("alert")).to_contain_text("nope.pem does not exist.")
    field.fill("ca.pem")
    panel.get_by_role("button", name="Connect", exact=True).click()
    expect(panel.get_by_text("No runs yet")).to_be_visible()
    server.stop()
