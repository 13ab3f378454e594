"""Login at an external provider: the views of the portal."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.errors import AuthenticationRejected, NotAllowed, ResourceUnavailable
from user_workspaces.interfaces.settings import RateLimit, RateLimits
from user_workspaces.interfaces.user_authentication import Redirect
from user_workspaces.interfaces.values import Identity
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_user_authentication import SharedAccount

DONE = "/login/with/university/done/"
HOST = {"HTTP_HOST": "localhost:8000"}


class University(SharedAccount):
    """Accepts a user name as authorization code, with a state that it issued."""

    uses_redirect = True
    given = 0

    def redirect(self, credentials: Mapping[str, object]) -> Redirect | None:
        if credentials.get("code"):
            return None
        University.given += 1
        state = f"state-{University.given}"
        return Redirect(f"https://id.example.org/?back={credentials['redirect_url']}&state={state}", state)

    def authenticate(self, credentials: Mapping[str, object]) -> Identity | None:
        match credentials["code"]:
            case "wrong":
                raise AuthenticationRejected("Incorrect authentication credentials.")
            case "stranger":
                raise NotAllowed("You may not come.")
            case "away":
                raise ResourceUnavailable("The login service does not respond.")
        name = str(credentials["code"])
        return Identity(issuer=self.context.name, subject=f"s-{name}", username=name, is_proven=True)


class AwayUniversity(University):
    """A provider that cannot be reached."""

    def redirect(self, credentials: Mapping[str, object]) -> Redirect | None:
        raise ResourceUnavailable("The login service does not respond.")


@pytest.fixture(autouse=True)
def university(site: Registry, db: None) -> None:
    """A site with a university as login provider."""
    site.user_authentications.add("university", University.build("university"))
    names = {"university": "the university"}
    registry.install(site, replace(registry.site(), user_authentications=names))


def begin(client: Client, query: str = "") -> str:
    """Start a login and return its state."""
    response = client.get(f"/login/with/university/{query}", **HOST)  # type: ignore[arg-type]  # headers by name
    assert response.status_code == 302
    assert response["Location"].startswith("https://id.example.org/")
    return parse_qs(urlsplit(response["Location"]).query)["state"][0]


def finish(client: Client, state: str, code: str = "ada", further: str = "") -> HttpResponse:
    return client.get(f"{DONE}?state={state}&code={code}{further}", **HOST)  # type: ignore[arg-type, return-value]  # the same; the client of tests says what it returns


def is_logged_in(client: Client) -> bool:
    return client.get("/", **HOST).status_code == 200  # type: ignore[arg-type]  # headers by name


def test_login_page_offers_the_provider(client: Client) -> None:
    page = client.get("/login/?next=/new/").content.decode()
    assert 'href="/login/with/university/?next=%2Fnew%2F"' in page
    assert "Log in with the university" in page


def test_login_at_the_provider_logs_in(client: Client) -> None:
    response = finish(client, begin(client, "?next=/new/"))
    assert (response.status_code, response["Location"]) == (302, "/new/")
    assert is_logged_in(client)
    assert User.objects.get().username == "ada"


def test_callback_url_is_that_of_the_portal(client: Client) -> None:
    response = client.get("/login/with/university/", **HOST)  # type: ignore[arg-type]  # headers by name
    assert f"back=http://localhost:8000{DONE}&" in response["Location"]


def test_cookie_is_restricted_to_the_login(client: Client) -> None:
    begin(client)
    cookie = next(morsel for name, morsel in client.cookies.items() if name.startswith("uws-sign-in-"))
    assert (cookie["path"], cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (
        "/login/with/",
        True,
        "Lax",
        600,
    )


def test_another_browser_is_not_logged_in(client: Client) -> None:
    state, other = begin(client), Client()
    response = finish(other, state)
    assert response.status_code == 400
    assert b"not started in this browser" in response.content
    assert not is_logged_in(other)


def test_cookie_is_valid_for_one_login(client: Client) -> None:
    state = begin(client)
    finish(client, state)
    client.post("/logout/", **HOST)  # type: ignore[arg-type]  # headers by name
    assert finish(client, state).status_code == 400
    assert not is_logged_in(client)


def test_logins_in_two_tabs_are_independent(client: Client) -> None:
    first, second = begin(client, "?next=/new/"), begin(client)
    assert finish(client, first)["Location"] == "/new/"
    assert finish(client, second)["Location"] == "/"


@pytest.mark.parametrize("query", ["", "?state=", "?state=x&code=ada", "?code=ada", "?state=%00&code=ada"])
def test_incomplete_callback_does_not_log_in(client: Client, query: str) -> None:
    begin(client)
    assert client.get(DONE + query, **HOST).status_code == 400  # type: ignore[arg-type]  # headers by name
    assert not is_logged_in(client)


def test_changed_cookie_is_rejected(client: Client) -> None:
    state = begin(client)
    name = next(name for name in client.cookies if name.startswith("uws-sign-in-"))
    client.cookies[name] = "/evil:1abcde:AAAA"
    assert finish(client, state).status_code == 400


def test_cookie_of_another_state_is_rejected(client: Client) -> None:
    first, second = begin(client), begin(client)
    names = [name for name in client.cookies if name.startswith("uws-sign-in-")]
    assert len(names) == 2
    client.cookies[names[0]], client.cookies[names[1]] = (
        client.cookies[names[1]].value,
        client.cookies[names[0]].value,
    )
    assert {finish(client, first).status_code, finish(client, second).status_code} == {400}


def test_cancelled_login_is_reported(client: Client) -> None:
    response = finish(client, begin(client), code="", further="&error=access_denied&error_description=<script>")
    assert response.status_code == 400
    assert b"did not log you in" in response.content
    assert b"<script>" not in response.content


@pytest.mark.parametrize(("code", "status"), [("wrong", 400), ("stranger", 403), ("away", 400)])
def test_rejected_login_is_reported_and_does_not_log_in(client: Client, code: str, status: int) -> None:
    response = finish(client, begin(client), code=code)
    assert response.status_code == status
    assert b'role="alert"' in response.content
    assert not is_logged_in(client)


def test_user_name_of_another_account_is_rejected(client: Client, ada: User) -> None:
    response = finish(client, begin(client))
    assert b"is already taken on this server" in response.content
    assert not is_logged_in(client)


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_login_never_redirects_to_other_sites(client: Client, wanted: str) -> None:
    assert finish(client, begin(client, f"?next={wanted}"))["Location"] == "/"


def test_login_for_a_session_goes_through_a_page(client: Client) -> None:
    response = finish(client, begin(client, "?next=/open/12/"))
    assert b'content="0;url=/open/12/"' in response.content


@pytest.mark.parametrize("name", ["local", "unknown", "x" * 5000])
def test_unknown_provider_is_not_found(client: Client, name: str) -> None:
    for path in (f"/login/with/{name}/", f"/login/with/{name}/done/?state=1&code=1"):
        assert client.get(path, **HOST).status_code == 404  # type: ignore[arg-type]  # headers by name


def test_login_cannot_start_by_post(client: Client) -> None:
    assert client.post("/login/with/university/").status_code == 405
    assert client.post(DONE).status_code == 405


def test_unreachable_provider_is_reported(client: Client, site: Registry) -> None:
    site.user_authentications.add("university", AwayUniversity.build("university"))
    response = client.get("/login/with/university/", **HOST)  # type: ignore[arg-type]  # headers by name
    assert (response.status_code, b"does not respond" in response.content) == (400, True)


def test_login_under_another_host_redirects_to_the_base_url(client: Client) -> None:
    response = client.get("/login/with/university/?next=/new/", HTTP_HOST="testserver")
    assert response["Location"] == "http://localhost:8000/login/with/university/?next=/new/"


def few(**limits: RateLimit) -> None:
    registry.install(registry.current(), replace(registry.site(), rate_limits=RateLimits(**limits)))


def test_started_logins_are_rate_limited(client: Client) -> None:
    few(redirects_per_address=RateLimit(3))
    for _ in range(3):
        begin(client)
    response = client.get("/login/with/university/", **HOST)  # type: ignore[arg-type]  # headers by name
    assert response.status_code == 429
    assert int(response["Retry-After"]) in range(1, 61)


def test_only_failed_logins_are_rate_limited(client: Client) -> None:
    few(log_ins_per_address=RateLimit(3))
    for _ in range(5):
        assert finish(client, begin(client)).status_code == 302
    assert [finish(client, begin(client), code="away").status_code for _ in range(5)] == [400] * 5
    found = [finish(client, begin(client), code="wrong").status_code for _ in range(4)]
    assert found == [400, 400, 400, 429]


def test_login_replaces_the_previous_one(
    browser_of: Callable[[User], Client], make_user: Callable[[str], User]
) -> None:
    client = browser_of(make_user("grace"))
    before = client.cookies["uws-portal"].value
    finish(client, begin(client))
    assert client.cookies["uws-portal"].value != before
    assert b"ada" in client.get("/", **HOST).content  # type: ignore[arg-type]  # headers by name
