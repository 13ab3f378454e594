"""Applications on TCP if jobs share the machine's network: isolated in their own network, or rejected."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e.applications import echo_application, launch, log_in, open_session, site_with, stop
from support.server_process import ADA, RunningServer, running_server, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.soak]
SITE = site_with(
    isolated=echo_application(base="strip", listen="isolated"), port=echo_application(base="strip", listen="port")
)


@pytest.fixture(scope="module")
def server(accounts: None) -> Iterator[RunningServer]:
    with running_server({"connection_details": {"network": "shared"}}, site=SITE) as running:
        yield running


def listeners() -> set[str]:
    """Return the listening TCP ports of the machine's loopback."""
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    return {line.split()[1] for line in lines if line.split()[3] == "0A"}


def test_isolated_application_creates_its_own_network(server: RunningServer, page: Page) -> None:
    before = listeners()
    ada = sign_in(server, ADA)
    job = launch(ada, ada.make_workspace(), "isolated")
    assert not [one for one in listeners() - before if one.endswith(":1F40")]  # 8000
    log_in(page, server, ADA)
    open_session(page, server, job)
    expect(page).to_have_title("there and back")
    stop(ada, job)


@pytest.mark.soak
def test_application_on_a_port_fails_with_a_hint_in_the_log(server: RunningServer, page: Page) -> None:
    ada = sign_in(server, ADA)
    job = launch(ada, ada.make_workspace(), "port", ready=False)
    ada.wait_until(job, "failed", within=60)
    log_in(page, server, ADA)
    page.goto(f"{server.url}/session/{job}/log/")
    expect(page.get_by_text(re.compile("other accounts could connect to it"))).to_be_visible()
    expect(page.get_by_text(re.compile("install slirp4netns"))).to_be_visible()
