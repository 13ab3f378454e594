"""The way into a session, from the portal's button to the cookie: each step, and who cannot take it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.core import signing
from django.test import Client
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.accounts.actions import end_sessions
from user_workspaces.accounts.models import User
from user_workspaces.jobs import tickets
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.tickets import Purpose, TicketClaims
from user_workspaces.portal.auth.login import BACKEND
from user_workspaces.registry import Registry
from user_workspaces.workspaces.models import Workspace

PORTAL = "localhost:8000"
MOST_STEPS = 10


class Browser(Client):
    """Keeps cookies for each host and path, as browsers do, and follows redirects between hosts."""

    def __init__(self) -> None:
        super().__init__()
        self.jars: dict[str, dict[tuple[str, str], str]] = {}
        self.steps: list[str] = []

    def visit(self, url: str, method: str = "get", **headers: Any) -> Any:
        """Ask one address, with the cookies that belong there."""
        parts = urlsplit(url)
        jar = self.jars.setdefault(parts.netloc, {})
        self.cookies.clear()
        for (name, path), value in jar.items():
            if parts.path.startswith(path):
                self.cookies[name] = value
        target = f"{parts.path}?{parts.query}" if parts.query else parts.path
        response = getattr(self, method)(target, HTTP_HOST=parts.netloc, HTTP_ACCEPT="text/html", **headers)
        for name, morsel in response.cookies.items():
            jar[name, morsel["path"]] = morsel.value
        self.steps.append(url)
        return response

    def follow(self, url: str) -> Any:
        """Follow redirects to their end."""
        for _ in range(MOST_STEPS):
            response = self.visit(url)
            location = response.get("Location")
            if location is None:
                return response
            url = location if "://" in location else f"http://{urlsplit(url).netloc}{location}"
        raise AssertionError(f"no end of redirects: {self.steps}")

    def has_cookie(self, host: str, name: str) -> bool:
        """Return whether a host has set this cookie here."""
        return any(known == name for known, _ in self.jars.get(host, {}))


@dataclass(frozen=True)
class Scene:
    """A session of Ada's, on a host of its own."""

    job: Job
    ada: User

    @property
    def host(self) -> str:
        return f"s{self.job.pk}.{PORTAL}"

    @property
    def base(self) -> str:
        return f"http://{self.host}/passthrough/local/{self.job.pk}/"

    @property
    def open_url(self) -> str:
        return f"http://{PORTAL}/open/{self.job.pk}/"

    def browser(self, user: User | None = None) -> Browser:
        """Return a browser, logged in to the portal as somebody or not at all."""
        browser = Browser()
        if user is not None:
            browser.force_login(user, BACKEND)
            browser.jars[PORTAL] = {(settings.SESSION_COOKIE_NAME, "/"): browser.cookies["uws-portal"].value}
        return browser

    def is_in(self, browser: Browser) -> bool:
        """Return whether this browser has a cookie that opens the session."""
        known = {name: value for (name, _), value in browser.jars.get(self.host, {}).items()}
        text = known.get(tickets.cookie_name(self.job.pk), "")
        return tickets.verify(text, Purpose.COOKIE, job_id=self.job.pk, now=timezone.now()) is not None

    def api_ticket(self) -> str:
        claim = TicketClaims(self.job.pk, self.ada.pk, self.ada.session_epoch)
        return tickets.sign(claim, Purpose.TICKET, now=timezone.now())


@pytest.fixture
def scene(make_user: Callable[[str], User], workspace_of: Callable[..., Workspace]) -> Scene:
    workspace, now = workspace_of(make_user("ada")), timezone.now()
    job = Job.objects.create(
        owner=workspace.owner,
        workspace=workspace,
        job_type="jupyter_lab",
        resource="local",
        status="running",
        submitted=True,
        datetime_created=now,
        datetime_start=now,
        datetime_ready=now,
    )
    return Scene(job, workspace.owner)


def test_open_button_takes_four_redirects(scene: Scene) -> None:
    browser = scene.browser(scene.ada)
    response = browser.follow(f"{scene.open_url}?to=lab/tree/a.ipynb")
    assert scene.is_in(browser)
    assert response.status_code == HTTPStatus.SERVICE_UNAVAILABLE  # Django answers where the proxy has no route yet
    assert browser.steps[-1] == f"{scene.base}lab/tree/a.ipynb"
    assert [urlsplit(step).netloc for step in browser.steps] == [PORTAL, scene.host, PORTAL, scene.host, scene.host]


def test_bookmark_opens_the_session(scene: Scene) -> None:
    browser = scene.browser(scene.ada)
    browser.follow(f"{scene.base}lab?reset=1")
    assert scene.is_in(browser)
    assert browser.steps[-1] == f"{scene.base}lab?reset=1"


def test_portal_host_redirects_before_any_cookie_is_read(scene: Scene) -> None:
    """What an attacker sends: their own session under the portal's name, with a good ticket or a good cookie."""
    path = f"/passthrough/local/{scene.job.pk}/lab"
    now, claim = timezone.now(), TicketClaims(scene.job.pk, scene.ada.pk, scene.ada.session_epoch)
    for host in (PORTAL, "127.0.0.1:8000", "testserver"):
        for query in ("", f"?ticket={scene.api_ticket()}"):
            browser = scene.browser(scene.ada)
            browser.jars[host] = {
                (tickets.cookie_name(scene.job.pk), "/"): tickets.sign(claim, Purpose.COOKIE, now=now)
            }
            response = browser.visit(f"http://{host}{path}{query}")
            assert response.status_code == HTTPStatus.FOUND
            assert response["Location"].startswith(f"/open/{scene.job.pk}/?to=lab")
            assert not response.cookies


def test_link_to_the_session_of_another_user_is_rejected(scene: Scene, make_user: Callable[[str], User]) -> None:
    browser = scene.browser(make_user("grace"))
    response = browser.follow(f"{scene.base}lab?ticket={scene.api_ticket()}")
    assert (response.status_code, scene.is_in(browser)) == (HTTPStatus.FORBIDDEN, False)
    assert "another user&#x27;s session" in response.content.decode()
    assert urlsplit(browser.steps[-1]).netloc == PORTAL


def test_entry_is_rejected_in_another_browser(scene: Scene, make_user: Callable[[str], User]) -> None:
    """Ada stops before the last step, and sends its address to Grace."""
    ada = scene.browser(scene.ada)
    step = scene.open_url
    while "eyJ" not in step:  # an entry; a start begins otherwise
        step = ada.visit(step)["Location"]
    for browser in (scene.browser(make_user("grace")), scene.browser()):
        response = browser.visit(step)
        assert (response.status_code, scene.is_in(browser)) == (HTTPStatus.FORBIDDEN, False)
        assert "created for another browser" in response.content.decode()
        browser.visit(scene.base)  # now it has a mark of its own
        assert browser.visit(step).status_code == HTTPStatus.FORBIDDEN
    assert ada.visit(step).status_code == HTTPStatus.FOUND
    assert scene.is_in(ada)


def test_entry_works_once(scene: Scene) -> None:
    ada = scene.browser(scene.ada)
    step = scene.open_url
    while "eyJ" not in step:
        step = ada.visit(step)["Location"]
    assert ada.visit(step).status_code == HTTPStatus.FOUND
    again = ada.visit(step)
    assert (again.status_code, again["Location"]) == (HTTPStatus.FOUND, f"/passthrough/local/{scene.job.pk}/lab")
    del ada.jars[scene.host][tickets.cookie_name(scene.job.pk), f"/passthrough/local/{scene.job.pk}/"]
    assert ada.visit(step).status_code == HTTPStatus.FORBIDDEN


def test_api_ticket_works_once_without_a_login(scene: Scene) -> None:
    link = f"{scene.base}lab/tree/a.ipynb?ticket={scene.api_ticket()}"
    first, second = scene.browser(), scene.browser()
    first.follow(link)
    assert scene.is_in(first)
    assert first.steps[-1] == f"{scene.base}lab/tree/a.ipynb"
    assert second.follow(link).status_code == HTTPStatus.FORBIDDEN
    assert not scene.is_in(second)
    assert first.follow(link).status_code == HTTPStatus.SERVICE_UNAVAILABLE  # it is in already


def test_api_ticket_works_with_the_login_of_its_user(scene: Scene) -> None:
    browser = scene.browser(scene.ada)
    browser.follow(f"{scene.base}lab?ticket={scene.api_ticket()}")
    assert scene.is_in(browser)


@pytest.mark.parametrize("method", ["head", "options", "post", "put", "delete"])
def test_ticket_is_used_by_get_only(scene: Scene, method: str) -> None:
    browser, link = scene.browser(), f"{scene.base}lab?ticket={scene.api_ticket()}"
    assert browser.visit(link, method).status_code == HTTPStatus.UNAUTHORIZED
    browser.follow(link)
    assert scene.is_in(browser)


def test_logout_invalidates_each_step(scene: Scene) -> None:
    ada, step = scene.browser(scene.ada), scene.open_url
    while "eyJ" not in step:
        step = ada.visit(step)["Location"]
    link = f"{scene.base}lab?ticket={scene.api_ticket()}"
    end_sessions(user=scene.ada)
    assert ada.visit(step).status_code == HTTPStatus.FORBIDDEN
    assert scene.browser().follow(link).status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("portal", ["http://evil.example", "//evil.example", "javascript:alert(1)"])
def test_unsigned_portal_address_is_ignored(scene: Scene, portal: str) -> None:
    good = tickets.sign_start(job_id=scene.job.pk, portal=f"http://{PORTAL}")
    forged = signing.b64_encode(f'[{scene.job.pk},"{portal}"]'.encode()).decode() + good[good.index(":") :]
    response = scene.browser().visit(f"{scene.base}lab?ticket={forged}")
    assert response.status_code == HTTPStatus.FORBIDDEN


def test_tickets_of_another_session_are_rejected(scene: Scene) -> None:
    other = TicketClaims(scene.job.pk + 1, scene.ada.pk, 0)
    browser = scene.browser()
    browser.visit(scene.base)
    secret = browser.jars[scene.host][tickets.browser_cookie_name(scene.job.pk), f"/passthrough/local/{scene.job.pk}/"]
    for text in (
        tickets.sign(other, Purpose.TICKET, now=timezone.now()),
        tickets.sign_entry(other, browser=tickets.browser_hash(secret)),
        tickets.sign_start(job_id=other.job_id, portal="http://evil.example"),
    ):
        assert browser.visit(f"{scene.base}lab?ticket={text}").status_code == HTTPStatus.FORBIDDEN


def test_two_tabs_share_the_secret_of_the_browser(scene: Scene) -> None:
    browser = scene.browser(scene.ada)
    steps = []
    for _ in range(2):
        step = scene.open_url
        while "eyJ" not in step:
            step = browser.visit(step)["Location"]
        steps.append(step)
    assert [browser.visit(step).status_code for step in steps] == [HTTPStatus.FOUND] * 2


def test_cookies_have_the_host_prefix_under_tls(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "SESSION_COOKIE_SECURE", True)
    monkeypatch.setattr(settings, "OWN_COOKIE_PREFIX", "__Host-uws-")
    browser = scene.browser(scene.ada)
    step = scene.open_url
    while True:
        response = browser.visit(step)
        for name, morsel in response.cookies.items():
            assert name.startswith("__Host-uws-")
            flags = morsel["path"], morsel["secure"], morsel["httponly"], morsel["domain"], morsel["samesite"]
            assert flags == ("/", True, True, "", "Lax")
        if "Location" not in response or scene.is_in(browser):
            break
        step = response["Location"]
    assert scene.is_in(browser)


def test_session_by_path_opens_on_the_portal_host(scene: Scene, site: Registry) -> None:
    known = registry.site()
    by_path = {"local": replace(known.resources["local"], passthrough_domain="")}
    registry.install(site, replace(known, resources=by_path))
    browser = scene.browser(scene.ada)
    browser.follow(scene.open_url)
    assert {urlsplit(step).netloc for step in browser.steps} == {PORTAL}
    assert browser.has_cookie(PORTAL, tickets.cookie_name(scene.job.pk))


def test_unknown_session_is_indistinguishable(scene: Scene) -> None:
    gone = f"http://s999.{PORTAL}/passthrough/local/999/lab"
    assert scene.browser().visit(gone).status_code == scene.browser().visit(f"{scene.base}lab").status_code
    assert scene.browser().visit(f"{gone}?ticket=x").status_code == HTTPStatus.FORBIDDEN
