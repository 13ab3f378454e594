"""Logging in at a real provider that insists on PKCE, in a real browser; and getting a token by way of it."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from oidc_provider.running_provider import CLIENT_ID, CLIENT_SECRET, RunningProvider, running_provider
from support.live_server import LiveServer, live_server_process
from support.server_process import free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


@dataclass(frozen=True)
class Site:
    """A server of ours, and the provider that its people log in at."""

    uws: LiveServer
    provider: RunningProvider
    client_page: str

    def post_token(self, **body: object) -> httpx.Response:
        """Ask for a token."""
        return httpx.post(f"{self.uws.url}/tokens/", json={"redirect_url": self.client_page, **body}, timeout=60)


class ClientPage(BaseHTTPRequestHandler):
    """The page of a client that browsers come back to."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"You are back.")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def running_client() -> Iterator[str]:
    """Serve it, and give its address."""
    with ThreadingHTTPServer(("127.0.0.1", 0), ClientPage) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield f"http://localhost:{server.server_port}/back"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with ExitStack() as stack:
        port = free_port()
        callback = f"http://localhost:{port}/login/with/university/done/"
        client_page = stack.enter_context(running_client())
        provider = stack.enter_context(running_provider(callback, client_page))

        def change(config: dict[str, Any]) -> None:
            config["api_user_authentication"] = "university"
            config["available_user_authentication"]["university"] = {
                "name": "the university",
                "user_authentication_type": "OIDCUserAuthentication",
                "connection_details": {
                    "issuer": provider.issuer,
                    "client_id": CLIENT_ID,
                    "client_secret_env": "UNIVERSITY_SECRET",
                    "allowed_redirect_urls": [client_page],
                    "allowed_groups": ["researchers"],
                },
            }

        secret = {"UNIVERSITY_SECRET": CLIENT_SECRET}
        uws = stack.enter_context(live_server_process(controller=False, port=port, change=change, further=secret))
        yield Site(uws, provider, client_page)


def log_in_at_provider(page: Page, name: str) -> None:
    """Fill the provider's own form."""
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(name)
    page.get_by_role("button", name="Log in at the provider").click()


def test_a_person_logs_in_through_the_portal(site: Site, page: Page) -> None:
    page.goto(f"{site.uws.url}/new/")
    page.get_by_role("link", name="Log in with the university").click()
    log_in_at_provider(page, "ada")
    expect(page.get_by_role("heading", name="New workspace")).to_be_visible()
    assert page.url == f"{site.uws.url}/new/"
    page.goto(f"{site.uws.url}/profile/")
    expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
    expect(page.get_by_text("the university")).to_be_visible()


def test_logging_out_ends_our_log_in_and_not_the_providers(site: Site, page: Page) -> None:
    page.goto(f"{site.uws.url}/login/")
    page.get_by_role("link", name="Log in with the university").click()
    log_in_at_provider(page, "ada")
    page.locator(".menu > summary").click()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.goto(site.uws.url)
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    page.get_by_role("link", name="Log in with the university").click()
    expect(page.get_by_role("link", name="New workspace").first).to_be_visible()


def test_under_another_name_the_browser_is_brought_to_ours(site: Site, page: Page) -> None:
    """The cookie that binds the log-in to the browser would be on the other name."""
    page.goto(f"{site.uws.url.replace('localhost', '127.0.0.1')}/login/")
    page.get_by_role("link", name="Log in with the university").click()
    log_in_at_provider(page, "ada")
    expect(page.get_by_role("link", name="New workspace").first).to_be_visible()


def test_who_is_in_no_group_is_told(site: Site, page: Page) -> None:
    page.goto(f"{site.uws.url}/login/")
    page.get_by_role("link", name="Log in with the university").click()
    log_in_at_provider(page, "grace")
    expect(page.get_by_role("alert")).to_have_text("You are not a member of a group that may use this server.")


def test_a_link_back_that_was_made_for_somebody_else_logs_nobody_in(site: Site, page: Page) -> None:
    """An attacker who begins a log-in, and lets somebody else end it, would have them work in a foreign account."""
    started = httpx.get(f"{site.uws.url}/login/with/university/")
    page.goto(started.headers["Location"])
    log_in_at_provider(page, "ada")
    expect(page.get_by_role("alert")).to_contain_text("not started in this browser")
    page.goto(site.uws.url)
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def code_from(page: Page, address: str) -> dict[str, str]:
    """Log in at the provider and return what it sends back to the client's page."""
    page.goto(address)
    if page.get_by_role("button", name="Log in at the provider").count():
        log_in_at_provider(page, "ada")
    expect(page.get_by_text("You are back.")).to_be_visible()
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_a_client_gets_a_token_by_way_of_the_provider(site: Site, page: Page) -> None:
    started = site.post_token().json()
    assert set(started) == {"success", "message", "auth_uri", "state"}
    back = code_from(page, started["auth_uri"])
    assert back["state"] == started["state"]
    response = site.post_token(code=back["code"], state=back["state"], name="client", scopes=["read"])
    assert (response.status_code, response.json()["message"]) == (200, "Successful authentication.")
    headers = {"UWS-Authorization": f"Token {response.json()['token']}"}
    tokens = httpx.get(f"{site.uws.url}/tokens/", headers=headers).json()["data"]["tokens"]
    assert ("client", ["read"]) in [(token["name"], token["scopes"]) for token in tokens]
    replayed = site.post_token(code=back["code"], state=back["state"])
    assert replayed.status_code == 401


def test_a_wrong_verifier_is_refused(site: Site, page: Page) -> None:
    """The code of one log-in with the state, and so the verifier, of another: the provider itself says no."""
    first, second = site.post_token().json(), site.post_token().json()
    back = code_from(page, first["auth_uri"])
    response = site.post_token(code=back["code"], state=second["state"])
    assert (response.status_code, response.json()["message"]) == (401, "Incorrect authentication credentials.")
    assert site.post_token(code=back["code"], state=second["state"]).status_code == 401


def test_the_provider_really_insists_on_pkce(site: Site, page: Page) -> None:
    """Or the test above would show nothing."""
    started = site.post_token().json()
    query = {name: values[0] for name, values in parse_qs(urlsplit(started["auth_uri"]).query).items()}
    bare = {name: value for name, value in query.items() if not name.startswith("code_challenge")}
    back = code_from(page, f"{site.provider.issuer}/authorize/?{urlencode(bare)}")
    assert back["error"] == "invalid_request"
    back = code_from(page, started["auth_uri"])
    body = {"grant_type": "authorization_code", "code": back["code"], "redirect_uri": site.client_page}
    for verifier, error in (({}, "invalid_request"), ({"code_verifier": "w" * 43}, "invalid_grant")):
        response = httpx.post(
            f"{site.provider.issuer}/token/", data={**body, **verifier}, auth=(CLIENT_ID, CLIENT_SECRET)
        )
        assert (response.status_code, response.json()["error"]) == (400, error)


def test_the_health_says_that_the_provider_is_there(site: Site) -> None:
    health = httpx.get(f"{site.uws.url}/status/").json()
    assert health["dependencies"]["user_authentication.university"]["connected"]
    assert CLIENT_SECRET not in str(health)
    assert CLIENT_SECRET not in site.uws.log()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_profile_and_log_in_can_be_used_by_everybody(site: Site, browser: Browser, pictures: Path, scheme: Any) -> None:
    context = browser.new_context(viewport={"width": 1200, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{site.uws.url}/login/")
    look(page, pictures / f"log-in-{scheme}.png")
    page.get_by_role("link", name="Log in with the university").click()
    log_in_at_provider(page, "ada")
    page.locator(".menu > summary").click()
    page.get_by_role("link", name="Profile").click()
    look(page, pictures / f"profile-empty-{scheme}.png")
    page.get_by_role("textbox", name="Name").fill("laptop")
    page.get_by_role("button", name="Create token").click()
    token = page.get_by_label(re.compile("Copy your new token now"))
    expect(token).to_have_value(re.compile("^uws_.{51}$"))
    look(page, pictures / f"profile-{scheme}.png")
    headers = {"UWS-Authorization": f"Token {token.input_value()}"}
    assert httpx.get(f"{site.uws.url}/jobs/", headers=headers).status_code == 200
    page.goto(f"{site.uws.url}/profile/")
    expect(page.get_by_label(re.compile("Copy your new token now"))).to_have_count(0)
    page.get_by_role("button", name=re.compile("^Revoke laptop")).first.click()
    expect(page.get_by_text("The token was revoked")).to_be_visible()
    assert httpx.get(f"{site.uws.url}/jobs/", headers=headers).status_code == 401
    page.get_by_role("button", name="Log out everywhere").click()
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()
    context.close()


def look(page: Page, picture: Path) -> None:
    """Take a picture, and find nothing that shuts anybody out."""
    page.screenshot(path=picture, full_page=True, animations="disabled")
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
