"""Live pages of the portal in a real browser: updates over a WebSocket that their content policy permits."""

import re
from collections.abc import Callable, Iterator
from functools import partial

import httpx
import pytest
from playwright.sync_api import Page, Route, expect

from e2e import flow
from support.live_server import LiveServer, live_server_process

pytestmark = [pytest.mark.slow, pytest.mark.browser]
WRITE = "from user_workspaces.jobs.models import Job; Job.objects.filter(pk={}).update(message={!r})"


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A server without a controller: only the test changes rows."""
    with live_server_process(controller=False) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: LiveServer) -> Iterator[httpx.Client]:
    token = server.manage("create_client_token", "portal")
    body = {"client_token": token, "user_info": {"username": server.username, "email": "ada@example.org"}}
    own = httpx.post(f"{server.url}/tokens/", json=body).json()["token"]
    with httpx.Client(base_url=server.url, headers={"UWS-Authorization": f"Token {own}"}) as opened:
        yield opened


@pytest.fixture
def job(client: httpx.Client) -> int:
    """A pending job."""
    workspace = client.post("/workspaces/", json={"name": "watched", "description": ""}).json()["data"]["id"]
    started = client.put(f"/workspaces/{workspace}/start/", json={"job_type": "jupyter_lab"})
    return int(started.json()["data"]["job"]["id"])


def frames_of(page: Page) -> list[str]:
    """Collect frames received by the page's WebSockets from now on."""
    frames: list[str] = []
    page.on("websocket", lambda opened: opened.on("framereceived", lambda frame: frames.append(str(frame))))
    return frames


def has_frame(frames: list[str], text: str) -> bool:
    """Return True if a frame contains the text."""
    return any(text in frame for frame in frames)


def wait_until(page: Page, condition: Callable[[], bool]) -> None:
    """Wait while handling the browser's events."""
    for _ in range(600):
        if condition():
            return
        page.wait_for_timeout(50)
    pytest.fail("waited in vain")


def test_page_updates_a_job_by_websocket(server: LiveServer, page: Page, job: int) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    flow.log_in(page, server.manage("login_link", server.username).split()[-1])
    frames = frames_of(page)
    page.goto(f"{server.url}/open/{job}/")
    for text in ("Waiting for the resource.", "Quite another message.", "And one more."):
        server.manage("shell", "-c", WRITE.format(job, text))
        wait_until(page, partial(has_frame, frames, text))
        expect(page.get_by_text(text).first).to_be_visible()
    assert [text for text in said if "Security Policy" in text or "WebSocket" in text] == []


@pytest.mark.soak
def test_page_with_a_websocket_polls_less_often(server: LiveServer, page: Page, job: int) -> None:
    flow.log_in(page, server.manage("login_link", server.username).split()[-1])
    frames, asked = frames_of(page), list[str]()
    page.goto(f"{server.url}/open/{job}/")
    wait_until(page, lambda: bool(frames))
    page.on("request", lambda request: asked.append(request.url) if "/open/" in request.url else None)
    page.wait_for_timeout(4000)
    assert len(asked) <= 2


@pytest.mark.soak
def test_page_without_a_websocket_polls(server: LiveServer, page: Page, job: int) -> None:
    page.add_init_script("window.WebSocket = class extends EventTarget {}")
    flow.log_in(page, server.manage("login_link", server.username).split()[-1])
    page.goto(f"{server.url}/open/{job}/")
    server.manage("shell", "-c", WRITE.format(job, "Asked for."))
    expect(page.get_by_text("Asked for.").first).to_be_visible()


@pytest.mark.soak
def test_page_redirects_to_login_after_logout(server: LiveServer, page: Page, job: int) -> None:
    flow.log_in(page, server.manage("login_link", server.username).split()[-1])
    frames = frames_of(page)
    page.goto(f"{server.url}/open/{job}/")
    wait_until(page, lambda: bool(frames))
    server.manage("shell", "-c", "from django.contrib.sessions.models import Session; Session.objects.all().delete()")
    page.wait_for_url(re.compile("/login/"))


@pytest.mark.soak
def test_two_clicks_launch_one_session(server: LiveServer, client: httpx.Client, page: Page) -> None:
    workspace = client.post("/workspaces/", json={"name": "clicked", "description": ""}).json()["data"]["id"]
    flow.log_in(page, server.manage("login_link", server.username).split()[-1])
    page.goto(f"{server.url}/w/{workspace}/")
    page.get_by_role("link", name=re.compile("^Launch")).first.click()
    with page.expect_navigation(url=re.compile(r"/open/\d+/")):
        page.get_by_role("button", name="Launch", exact=True).dblclick()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    jobs = client.get("/jobs/").json()["data"]["jobs"]
    assert [job["workspace_id"] for job in jobs].count(workspace) == 1


@pytest.mark.soak
def test_open_menu_survives_a_refresh_of_the_list(server: LiveServer, client: httpx.Client, page: Page) -> None:
    workspace = client.post("/workspaces/", json={"name": "menus", "description": ""}).json()["data"]["id"]
    assert client.put(f"/workspaces/{workspace}/files/a.txt", content=b"1").is_success
    flow.log_in(page, server.manage("login_link", server.username).split()[-1])
    page.goto(f"{server.url}/w/{workspace}/files/")
    expect(page.get_by_role("link", name="a.txt", exact=True)).to_be_visible()
    assert client.put(f"/workspaces/{workspace}/files/b.txt", content=b"2").is_success
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile(r"/files/\?.*seen="), hold)
    page.evaluate("document.body.dispatchEvent(new CustomEvent('uws-changed'))")
    wait_until(page, lambda: bool(held))
    page.locator("details.menu", has_text="More actions for a.txt").locator("summary").click()
    page.evaluate("document.addEventListener('htmx:afterRequest', () => { window.isAnswered = true; })")
    held[0].continue_()
    wait_until(page, lambda: page.evaluate("window.isAnswered === true") is True)
    expect(page.get_by_role("link", name="Rename or move")).to_be_visible()
