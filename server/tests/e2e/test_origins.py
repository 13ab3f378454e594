"""A hostile session: its scripts never run in the portal's origin, even if users open links to it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Page

from e2e import flow
from support.budget import first_of
from support.server_process import ADA, GRACE, Caller, RunningServer, running_server, sign_in, wait_for

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="NOT RUN: two users need accounts of this machine")
pytestmark = [pytest.mark.slow, pytest.mark.browser, pytest.mark.environment, needs_root]

EVIL = """
import http.server, os, socketserver, sys
PAGE = b'''<!doctype html><title>waiting</title><script>
(async () => {
  const said = [location.origin];
  for (const portal of ['', 'http://localhost:PORT', `http://${location.hostname}:PORT`]) {
    try {
      const page = await (await fetch(portal + '/profile/', {credentials: 'include'})).text();
      const token = page.match(/name="csrfmiddlewaretoken" value="([^"]+)"/)[1];
      const form = new URLSearchParams({csrfmiddlewaretoken: token, name: 'stolen', days: 30});
      const made = await fetch(portal + '/profile/tokens/', {method: 'POST', body: form, credentials: 'include'});
      said.push((await made.text()).includes('uws_') ? 'STOLEN' : 'no token');
    } catch (error) { said.push('refused'); }
    try {
      const form = new URLSearchParams({name: 'forged', days: 30});
      await fetch(portal + '/profile/tokens/', {method: 'POST', body: form, credentials: 'include', mode: 'no-cors'});
    } catch (error) { said.push('not sent'); }
  }
  document.cookie = 'uws-portal=tossed; path=/w/';
  said.push('tossed');
  document.title = said.join(' ');
})();
</script>'''.replace(b'PORT', sys.argv[2].encode())
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header('Content-Type', 'text/html')
        self.send_header('Set-Cookie', 'uws-portal=tossed-by-a-header; Path=/')
        self.send_header('Content-Length', str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)
    def address_string(self):
        return ''
class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    pass
os.unlink(sys.argv[1])
with Server(sys.argv[1], Handler) as server:
    print('listening', flush=True)
    server.serve_forever()
"""
"""The server that Grace runs in her session instead of JupyterLab, which no one can prevent."""


@pytest.fixture(scope="module")
def server(accounts: None) -> Iterator[RunningServer]:
    with running_server(UWS_HOST="0.0.0.0") as running:  # noqa: S104  ports of sessions are tried, too
        yield running


@pytest.fixture(scope="module")
def ada(server: RunningServer) -> Iterator[Caller]:
    caller = sign_in(server, ADA)
    with caller.http:
        yield caller


@pytest.fixture(scope="module")
def grace(server: RunningServer) -> Iterator[Caller]:
    caller = sign_in(server, GRACE)
    with caller.http:
        yield caller


@pytest.fixture(scope="module")
def evil(server: RunningServer, grace: Caller) -> Iterator[int]:
    """The ID of Grace's session, in which her own server listens."""
    job = grace.launch(grace.make_workspace())
    grace.wait_until(job, "running", ready=True)
    with _in_place_of_jupyter(server):
        yield job


@contextmanager
def _in_place_of_jupyter(server: RunningServer) -> Iterator[None]:
    [path] = [found for found in Path("/run").glob("uws-0-*/*/s") if found.owner() == GRACE] or [
        found for found in server.data_dir.glob("run/*/s") if found.owner() == GRACE
    ]
    command = ["/usr/bin/python3", "-c", EVIL, str(path), str(server.port)]
    python = command if Path(command[0]).exists() else [sys.executable, *command[1:]]
    with subprocess.Popen(python, user=GRACE, group=GRACE, stdout=subprocess.PIPE, cwd="/") as process:
        assert process.stdout
        assert process.stdout.readline() == b"listening\n"
        yield
        process.kill()


def ticket_of(grace: Caller, job: int) -> str:
    path: str = grace.job(job)["job_details"]["current_job_details"]["connection_details"]["url_path"]
    return path.partition("?")[2]


def tokens_of(caller: Caller) -> set[str]:
    return {token["name"] for token in caller.call("GET", "/tokens/")["tokens"]}


LINKS: dict[str, Callable[[RunningServer, int, str], str]] = {
    "under the portal's name": lambda server, job, ticket: f"{server.url}/passthrough/local/{job}/lab?{ticket}",
    "under its address": lambda server, job, ticket: (
        f"http://127.0.0.1:{server.port}/passthrough/local/{job}/lab?{ticket}"
    ),
    "without a slash more": lambda server, job, ticket: f"{server.url}/passthrough/x/{job}/?{ticket}",
    "through the way in": lambda server, job, ticket: f"{server.url}/open/{job}/?{ticket}&to=lab",
    "through the way in, further on": lambda server, job, ticket: (
        f"{server.url}/open/{job}/?{ticket}&browser={'a' * 64}&to={quote('lab?x=1')}"
    ),
    "on its own host": lambda server, job, ticket: (
        f"http://s{job}.localhost:{server.port}/passthrough/local/{job}/lab?{ticket}"
    ),
    "on the host of another": lambda server, job, ticket: (
        f"http://s{job + 1}.localhost:{server.port}/passthrough/local/{job}/lab?{ticket}"
    ),
    "on a port of sessions": lambda server, job, ticket: (
        f"http://localhost:{server.port + 100}/passthrough/local/{job}/lab?{ticket}"
    ),
}


@pytest.mark.parametrize("link", first_of(*LINKS))
def test_link_to_a_hostile_session_runs_no_script(
    server: RunningServer, ada: Caller, grace: Caller, evil: int, page: Page, link: str
) -> None:
    flow.log_in(page, _login(server, ADA))
    visited: list[str] = []
    page.on("response", lambda response: visited.append(response.url) if response.ok else None)
    try:
        page.goto(LINKS[link](server, evil, ticket_of(grace, evil)))
    except Exception as error:  # noqa: BLE001  a port that is closed
        assert "ERR_CONNECTION_REFUSED" in str(error)  # noqa: PT017  see above
        return
    page.wait_for_timeout(500)
    assert "STOLEN" not in page.title()
    assert "waiting" not in page.title()
    assert not [url for url in visited if "/passthrough/" in url]
    assert tokens_of(ada) == {"API sign-in"}


@pytest.mark.soak
def test_hostile_session_is_confined_to_its_origin(
    server: RunningServer, grace: Caller, evil: int, page: Page, context: BrowserContext
) -> None:
    """Its script runs in its own origin and can neither read nor change the portal, on a port, too."""
    for portal in (server.url, server.addresses[2].rstrip("/")):
        link = _login(server, GRACE)
        flow.log_in(page, portal + link[link.index("/login/") :])
        page.goto(f"{portal}/open/{evil}/")
        wait_for(lambda: page.title().startswith("http"), what="the script's word")
        origin, *said = page.title().split()
        assert origin not in {server.url, portal}
        assert "STOLEN" not in said
        names = [cookie["value"] for cookie in context.cookies(portal) if cookie["name"] == "uws-portal"]
        assert "tossed-by-a-header" not in names
        assert tokens_of(grace) == {"API sign-in", f"Session {evil}"}


@pytest.mark.soak
def test_login_cookie_planted_by_a_session_is_dropped(
    server: RunningServer, evil: int, page: Page, context: BrowserContext
) -> None:
    """A session on a port can set cookies for the portal's host, so duplicates of a login cookie are ignored."""
    portal = server.addresses[2].rstrip("/")
    link = _login(server, GRACE)
    flow.log_in(page, portal + link[link.index("/login/") :])
    page.goto(f"{portal}/open/{evil}/")
    wait_for(lambda: page.title().startswith("http"), what="the script's word")
    assert "tossed" in page.title()
    page.goto(f"{portal}/w/1/")
    assert "two different logins" in page.content()
    page.goto(f"{portal}/w/1/")
    assert "/login/" in page.url
    assert not [cookie for cookie in context.cookies(f"{portal}/w/1/") if cookie["value"] == "tossed"]


def _login(server: RunningServer, user: str) -> str:
    return server.manage("login_link", user).replace(server.addresses[-1].rstrip("/"), server.url)
