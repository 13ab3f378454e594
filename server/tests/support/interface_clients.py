"""Clients of one user for all interfaces of a server: the API, REANA's API, the portal and the WebSockets of jobs."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from support.live_server import LiveServer
from support.portal_visitor import TOKEN

PATIENCE = 20.0
"""Seconds for a response: half of the time that requests once waited for a locked database."""


@dataclass(frozen=True)
class InterfaceClients:
    """The clients of one user, who is logged in at every interface."""

    server: LiveServer
    token: str
    program: httpx.Client
    browser: httpx.Client
    form_token: str

    def write(self) -> Mapping[str, httpx.Response]:
        """Create an object at each interface."""
        links = {"links-TOTAL_FORMS": "0", "links-INITIAL_FORMS": "0"}
        form = {"csrfmiddlewaretoken": self.form_token, "name": "new", "description": "x", **links}
        secret = {"NEW": {"type": "env", "value": "eA=="}}
        reana = {"Authorization": f"Bearer {self.token}"}
        return {
            "api": self.program.post("/workspaces/", json={"name": "new", "description": "x"}),
            "reana": self.program.post("/api/secrets", headers=reana, params={"overwrite": "true"}, json=secret),
            "portal": self.browser.post("/new/", data=form, headers={"Origin": self.server.url}),
        }

    def read(self) -> Mapping[str, httpx.Response]:
        """Request a list of objects at each interface."""
        return {
            "api": self.program.get("/workspaces/"),
            "reana": self.program.get("/api/workflows", headers={"Authorization": f"Bearer {self.token}"}),
            "portal": self.browser.get("/"),
        }

    def watch(self, ticket: str) -> tuple[int, str | None]:
        """Open a WebSocket with a ticket; return the status of the handshake and the header `Retry-After`."""
        try:
            with connect(f"ws://127.0.0.1:{self.server.port}/jobs/?ticket={ticket}", open_timeout=PATIENCE) as opened:
                return opened.response.status_code if opened.response else 0, None
        except InvalidStatus as refused:
            return refused.response.status_code, refused.response.headers.get("Retry-After")

    def ticket(self) -> str:
        """Return a ticket for a WebSocket."""
        text: str = self.program.post("/live_tickets/").json()["data"]["ticket"]
        return text


def new_token(server: LiveServer) -> str:
    """Return a new token of the server's user."""
    user = {"username": server.username, "email": f"{server.username}@example.org"}
    body = {"client_token": server.manage("create_client_token", "tests"), "user_info": user}
    response = httpx.post(f"{server.url}/tokens/", json=body, timeout=PATIENCE)
    assert response.is_success, response.text
    text: str = response.json()["token"]
    return text


@contextmanager
def interface_clients_of(server: LiveServer) -> Iterator[InterfaceClients]:
    """Log the server's user in at every interface."""
    token = new_token(server)
    program = httpx.Client(base_url=server.url, headers={"UWS-Authorization": f"Token {token}"}, timeout=PATIENCE)
    browser = httpx.Client(base_url=server.url, headers={"Accept": "text/html"}, timeout=PATIENCE)
    with program, browser:
        link = urlsplit(server.manage("login_link", server.username)).path
        form = TOKEN.search(browser.get(link).text)
        assert form
        browser.post(link, data={"csrfmiddlewaretoken": form[1]}, headers={"Origin": server.url})
        shown = TOKEN.search(browser.get("/new/").text)
        assert shown
        yield InterfaceClients(server, token, program, browser, shown[1])
