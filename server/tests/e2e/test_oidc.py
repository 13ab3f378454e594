"""Login and tokens through a real provider that requires PKCE, in a real browser."""

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
from support.budget import first_of
from support.live_server import LiveServer, live_server_process
from support.server_process import free_port

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.soak]
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}


@dataclass(frozen=True)
class Site:
    """A server, and the identity provider of its users."""

    uws: LiveServer
    provider: RunningProvider
    client_page: str

    def post_token(self, **body: object) -> httpx.Response:
        """Request a token."""
        return httpx.post(f"{self.uws.url}/tokens/", json={"redirect_url": self.client_page, **body}, timeout=60)


class ClientPage(BaseHTTPRequestHandler):
    """The callback page of a client."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"You are back.")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def running_client() -> Iterator[str]:
    """Serve it, and yield its URL."""
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
    """Fill in the provider's login form."""
    page.get_by_label("Username").fill(name)
    page.get_by_label("Password").fill(name)
    page.get_by_role("button", name="Log in at the provider").click()


def test_user_logs_in_through_the_portal(site: Site, page: Page) -> None:
    page.goto(f"{site.uws.url}/new/")
    page.get_by_role("link", name="Log in with the university").click()
    log_in_at_provider(page, "ada")
    expect(page.get_by_role("heading", name="New workspace")).to_be_visible()
    assert page.url == f"{site.uws.url}/new/"
    page.goto(f"{site.uws.url}/profile/")
    expect(page.get_by_role("heading", name="Ada Lovelace")).to_be_visible()
    expect(page.get_by_text("the university")).to_be_visible()


def test_logout_keeps_the_login_at_the_provider(site: Site, page: Page) -> None:
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


def test_other_host_name_redirects_to_the_configured_one(site: Site, page: Page) -> None:
    """The cookie that binds the login to the browser is valid for one host name only."""
    page.goto(f"{site.uws.url.replace('localhost', '127.0.0.1')}/login/")
    page.get_by_role("link", name="Log in with the university").click()
    log_in_at_provider(page, "ada")
    expect(page.get_by_role("link", name="New workspace").first).to_be_visible()


def test_user_without_a_group_is_rejected_with_a_reason(site: Site, page: Page) -> None:
    page.goto(f"{site.uws.url}/login/")
    page.get_by_role("link", name="Log in with the university").click()
    log_in_at_provider(page, "grace")
    expect(page.get_by_role("alert")).to_have_text("You are not a member of a group that may use this server.")


def test_callback_link_of_another_browser_logs_no_user_in(site: Site, page: Page) -> None:
    """Otherwise an attacker could start a login and have a victim complete it, working in the attacker's account."""
    started = httpx.get(f"{site.uws.url}/login/with/university/")
    page.goto(started.headers["Location"])
    log_in_at_provider(page, "ada")
    expect(page.get_by_role("alert")).to_contain_text("not started in this browser")
    page.goto(site.uws.url)
    expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def code_from(page: Page, address: str) -> dict[str, str]:
    """Log in at the provider and return the parameters of its callback."""
    page.goto(address)
    if page.get_by_role("button", name="Log in at the provider").count():
        log_in_at_provider(page, "ada")
    expect(page.get_by_text("You are back.")).to_be_visible()
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_client_gets_a_token_through_the_provider(site: Site, page: Page) -> None:
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


def test_wrong_verifier_is_rejected(site: Site, page: Page) -> None:
    """The code of one login with the state, and thus the verifier, of another is rejected by the provider."""
    first, second = site.post_token().json(), site.post_token().json()
    back = code_from(page, first["auth_uri"])
    response = site.post_token(code=back["code"], state=second["state"])
    assert (response.status_code, response.json()["message"]) == (401, "Incorrect authentication credentials.")
    assert site.post_token(code=back["code"], state=second["state"]).status_code == 401


def test_provider_really_insists_on_pkce(site: Site, page: Page) -> None:
    """Otherwise the test above would prove nothing."""
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


def test_health_reports_the_provider(site: Site) -> None:
    health = httpx.get(f"{site.uws.url}/status/").json()
    assert health["dependencies"]["user_authentication.university"]["connected"]
    assert CLIENT_SECRET not in str(health)
    assert CLIENT_SECRET not in site.uws.log()


@pytest.mark.parametrize("scheme", first_of("light", "dark"))
def test_profile_and_login_are_accessible(site: Site, browser: Browser, pictures: Path, scheme: Any) -> None:
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
    """Take a screenshot and check accessibility."""
    page.screenshot(path=picture, full_page=True, animations="disabled")
    found = Axe().run(page, options=RULES)
    assert found.violations_count == 0, found.generate_report()
