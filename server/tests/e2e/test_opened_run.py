"""A session on a run's workspace, opened with `reana-client open` and closed with `reana-client close`."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from e2e import flow
from integration.reana import analysis
from integration.reana.conftest import Reana, install_client
from support.live_server import LiveServer
from support.server_process import ADA, RunningServer, running_server, sign_in

pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.environment, pytest.mark.soak]


@pytest.fixture(scope="module")
def server(accounts: None) -> Iterator[RunningServer]:
    install_client()
    with running_server(workflows={"requests_per_second": None}) as running:  # it is asked as often as can be
        yield running


@pytest.fixture
def ada(server: RunningServer, tmp_path: Path) -> Reana:
    analysis.write(tmp_path)
    caller = sign_in(server)
    token = caller.http.headers["UWS-Authorization"].partition(" ")[2]
    caller.http.close()
    return Reana(LiveServer(server.port, server.data_dir, ADA, {}), token, tmp_path)


def test_jupyterlab_opens_on_the_workspace_of_a_run(ada: Reana, page: Page) -> None:
    ada.finish("hello")
    opened = ada("open", "-w", "hello", "jupyter")
    assert opened.code == 0, opened.err
    [address] = re.findall(r"http://\S+", opened.out)
    run = ada.get("workflows/hello/status").json()["id"]
    assert address == f"{ada.server.url}/api/workflows/{run}/session?token={ada.token}"

    page.goto(address)  # waits, reloads, and opens the session when it responds
    page.wait_for_url(re.compile("/passthrough/"), timeout=flow.READY_MS)
    assert ada.token not in page.url
    expect(page.locator(".jp-Launcher").first).to_be_visible(timeout=flow.READY_MS)
    flow.see_files(page, "reana.yaml", "results")
    listed = page.evaluate(flow.FETCH, page.url.partition("/lab")[0] + "/api/contents/results/greetings.txt")
    assert listed["content"] == "Hello Jane!\nHello Joe!\n"

    [listing] = ada.get("workflows", type="interactive").json()["items"]
    assert (listing["session_type"], listing["session_status"]) == ("jupyter", "running")
    assert f"{ada.server.url}{listing['session_uri']}?token={ada.token}" == address
    again = ada("open", "-w", "hello", "jupyter")
    assert (again.code, "already open" in again.out + again.err) == (1, True)

    assert ada("close", "-w", "hello").code == 0
    other = page.context.new_page()
    other.goto(address)
    expect(other.get_by_role("heading", name="No session is open")).to_be_visible()
