"""The first visit of a page in a session: with unusual file names and incomplete addresses."""

import html
import json
import re
import socket
from collections.abc import Iterator

import httpx
import pytest
from websockets.sync.client import connect
from websockets.typing import Origin

from support.budget import first_of
from support.live_server import LiveServer, live_server_process
from support.planted_session import PASSWORD, PlantedSession, planted_session
from support.portal_visitor import TOKEN, cookies_for, log_in
from support.server_process import ToLoopback

pytestmark = pytest.mark.slow
OPEN_LINK = re.compile(r'href="([^"]*)">\s*Open your session')
PAGES = (
    "lab/tree/a%2541.ipynb", "lab/tree/50%25.txt", "lab/tree/a%23b.txt", "lab/tree/what%3F.txt", "lab/tree/a%2Fb",
    "lab/tree/%C3%BC%20%2B.txt", "lab/tree/a+b&c=d;e.txt", "lab?path=a%252Fb%26c+d&reset", "files/a%3Fb?download=1&x",
)  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with live_server_process(controller=False) as running:
        yield running


@pytest.fixture(scope="module")
def session(server: LiveServer) -> Iterator[PlantedSession]:
    with planted_session(server) as planted:
        yield planted


@pytest.fixture
def browser(server: LiveServer, session: PlantedSession) -> Iterator[httpx.Client]:
    with visitor(server) as client:
        log_in(client, session.username)
        yield client


def visitor(server: LiveServer) -> httpx.Client:
    headers = {"Accept": "text/html"}
    return httpx.Client(transport=ToLoopback(server.port), base_url=server.url, headers=headers, timeout=30)


def own_host(server: LiveServer, session: PlantedSession) -> str:
    return f"http://s{session.job_id}.localhost:{server.port}"


def arrived(response: httpx.Response) -> str:
    """Return the target of the request at the session."""
    assert response.status_code == 200, response.text
    return str(json.loads(response.text)[0])


@pytest.mark.parametrize("page", first_of(*PAGES))
def test_bookmark_opens_the_same_page(
    server: LiveServer, session: PlantedSession, browser: httpx.Client, page: str
) -> None:
    for host in (own_host(server, session), server.url):
        browser.cookies.delete(f"uws-session-{session.job_id}") if _has_session(browser, session) else None
        response = browser.get(f"{host}{session.path}{page}", follow_redirects=True)
        assert len(response.history) >= 3
        assert arrived(response) == session.path + page


def _has_session(browser: httpx.Client, session: PlantedSession) -> bool:
    return f"uws-session-{session.job_id}" in browser.cookies


@pytest.mark.soak
@pytest.mark.parametrize("page", PAGES)
def test_login_returns_to_the_same_page(server: LiveServer, session: PlantedSession, page: str) -> None:
    with visitor(server) as client:
        form = client.get(f"{own_host(server, session)}{session.path}{page}", follow_redirects=True)
        assert form.url.path == "/login/"
        token = TOKEN.search(form.text)
        assert token
        body = {"csrfmiddlewaretoken": token[1], "username": session.username, "password": PASSWORD}
        response = client.post(form.url, data=body, headers={"Origin": server.url}, follow_redirects=True)
        link = OPEN_LINK.search(response.text)
        assert link
        response = client.get(f"{server.url}{html.unescape(link[1])}", follow_redirects=True)
        assert arrived(response) == session.path + page


def test_address_without_slash_or_path_opens_the_session(
    server: LiveServer, session: PlantedSession, browser: httpx.Client
) -> None:
    own = own_host(server, session)
    for address in (f"{own}/", f"{own}{session.path[:-1]}", f"{server.url}{session.path[:-1]}?a=1"):
        response = browser.get(address, follow_redirects=True)
        assert arrived(response).partition("?")[0] in {session.path, f"{session.path}lab"}
    assert browser.get(f"http://s999.localhost:{server.port}/").headers["Location"] == f"{server.url}/open/999/"
    for encoded in ("/passthrough/local/12%2Flab", f"/passthrough%2Flocal/{session.job_id}/lab"):
        assert browser.get(f"{server.url}{encoded}").status_code < 500
    assert browser.get(f"http://x.s1.localhost:{server.port}/").status_code == 404


@pytest.mark.parametrize(("scheme", "port"), [("https", 443), ("http", 80)])
def test_default_port_in_host_is_the_same_origin(
    server: LiveServer, session: PlantedSession, browser: httpx.Client, scheme: str, port: int
) -> None:
    """Some clients send the default port; tests pages and WebSockets of the session, and live pages."""
    own = own_host(server, session)
    browser.get(f"{own}{session.path}lab", follow_redirects=True)
    name = f"s{session.job_id}.localhost"
    headers = {**cookies_for(browser, f"{own}{session.path}"), "Host": f"{name}:{port}", "Origin": f"{scheme}://{name}"}
    with httpx.Client() as client:
        url = f"http://127.0.0.1:{server.port}{session.path}api"
        told = json.loads(client.post(url, headers=headers, content=b"").text)
    assert ["host", name] in [[key.lower(), value] for key, value in told[1:]]
    del headers["Host"]
    with connect(
        f"ws://{name}:{port}{session.path}ws",
        sock=_socket(server),
        additional_headers={key: value for key, value in headers.items() if key != "Origin"},
        origin=Origin(f"{scheme}://{name}"),
        open_timeout=60,
    ) as channel:
        assert json.loads(channel.recv(timeout=20))[0] == f"{session.path}ws"


def _socket(server: LiveServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port))
