"""Login and logout."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from support.concurrency import at_once
from user_workspaces import registry
from user_workspaces.accounts.actions import create_login_link
from user_workspaces.accounts.models import User
from user_workspaces.interfaces.settings import RateLimit, RateLimits
from user_workspaces.registry import Registry

pytestmark = pytest.mark.usefixtures("site")
PASSWORD = "correct horse battery staple"


@pytest.fixture
def with_password(ada: User) -> User:
    """Ada, who has a password."""
    ada.set_password(PASSWORD)
    ada.save()
    return ada


def credentials(**further: str) -> dict[str, str]:
    """Return Ada's credentials."""
    return {"username": "ada", "password": PASSWORD, **further}


def is_logged_in(client: Client) -> bool:
    """Return True if the start page needs no login."""
    return client.get("/").status_code == 200


def test_login_shows_the_form(client: Client, db: None) -> None:
    response = client.get("/login/")
    assert response.status_code == 200
    assert b'type="password"' in response.content


def test_login_with_password(client: Client, with_password: User) -> None:
    response = client.post("/login/", credentials())
    assert (response.status_code, response["Location"]) == (302, "/")
    assert is_logged_in(client)


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_service": True}])
def test_login_rejects_accounts_that_may_not_log_in(
    client: Client, with_password: User, change: dict[str, bool]
) -> None:
    User.objects.filter(pk=with_password.pk).update(**change)
    response = client.post("/login/", credentials())
    assert response.status_code == 422
    assert b"correct username and password" in response.content
    assert not is_logged_in(client)


def test_login_with_a_wrong_password_keeps_the_name(client: Client, with_password: User) -> None:
    response = client.post("/login/", {"username": "ada", "password": "no"})
    assert response.status_code == 422
    assert b'value="ada"' in response.content


def test_login_redirects_to_the_requested_page(client: Client, with_password: User) -> None:
    assert client.post("/login/", credentials(next="/new/"))["Location"] == "/new/"


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "\\\\evil.example", "/\\evil.example", "javascript:alert(1)", "x"],
)
def test_login_never_redirects_to_other_sites(client: Client, with_password: User, wanted: str) -> None:
    assert client.post("/login/", credentials(next=wanted))["Location"] == "/"


def test_login_for_a_session_goes_through_a_page(client: Client, with_password: User) -> None:
    response = client.post("/login/", credentials(next="/open/12/?to=lab"))
    assert response.status_code == 200
    assert b'content="0;url=/open/12/?to=lab"' in response.content


def test_login_of_a_logged_in_user_redirects(browser: Client) -> None:
    assert browser.get("/login/?next=/new/")["Location"] == "/new/"


def test_link_shows_its_user_and_is_not_used_up_by_get(client: Client, ada: User) -> None:
    path = f"/login/{create_login_link(user=ada, now=timezone.now())}/"
    for _ in range(3):
        response = client.get(path)
        assert (response.status_code, b"Log in as ada" in response.content) == (200, True)
    assert not is_logged_in(client)
    assert client.post(path)["Location"] == "/"
    assert is_logged_in(client)


def test_link_works_once(client: Client, ada: User) -> None:
    path = f"/login/{create_login_link(user=ada, now=timezone.now())}/"
    assert client.post(path).status_code == 302
    second = Client()
    assert second.post(path).status_code == 410
    assert second.get(path).status_code == 410
    assert not is_logged_in(second)


def test_used_link_offers_the_workspaces_to_a_logged_in_user(client: Client, ada: User) -> None:
    path = f"/login/{create_login_link(user=ada, now=timezone.now())}/"
    client.post(path)
    shown = client.get(path)
    assert shown.status_code == 410
    assert b"You are logged in as ada" in shown.content
    assert b"Log in with a password" not in shown.content


def test_expired_and_unknown_links_are_rejected(client: Client, ada: User) -> None:
    old = create_login_link(user=ada, now=timezone.now() - timedelta(hours=1))
    for secret in (old, "uws_nothing", "x" * 300):
        assert client.get(f"/login/{secret}/").status_code == 410
        assert client.post(f"/login/{secret}/").status_code == 410


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_service": True}])
def test_link_of_an_account_that_may_not_log_in(client: Client, ada: User, change: dict[str, bool]) -> None:
    path = f"/login/{create_login_link(user=ada, now=timezone.now())}/"
    User.objects.filter(pk=ada.pk).update(**change)
    assert client.get(path).status_code == 410
    assert client.post(path).status_code == 410
    assert not is_logged_in(client)


def test_link_replaces_the_previous_login(browser: Client, make_user: Callable[[str], User], site: Registry) -> None:
    grace = make_user("grace")
    browser.post(f"/login/{create_login_link(user=grace, now=timezone.now())}/")
    assert b"grace" in browser.get("/").content


def test_logout_ends_login_and_session_access(browser: Client, ada: User) -> None:
    assert browser.post("/logout/")["Location"] == "/login/"
    assert not is_logged_in(browser)
    epoch = ada.session_epoch
    ada.refresh_from_db()
    assert ada.session_epoch == epoch + 1


def limited(**limits: RateLimit) -> None:
    registry.install(registry.current(), replace(registry.site(), rate_limits=RateLimits(**limits)))


def test_passwords_are_rate_limited_by_address(client: Client, with_password: User) -> None:
    limited(log_ins_per_address=RateLimit(3))
    tried = [client.post("/login/", credentials(username=f"u{number}")).status_code for number in range(4)]
    assert tried == [422, 422, 422, 429]
    response = client.post("/login/", credentials(username="u9"))
    assert (response.status_code, b"Too many attempts" in response.content) == (429, True)
    assert 1 <= int(response["Retry-After"]) <= 60
    assert client.post("/login/", credentials()).status_code == 302  # independent of the attempts of others


@pytest.mark.soak
@pytest.mark.slow
def test_failures_behind_a_shared_address_do_not_block_others(client: Client, with_password: User) -> None:
    """With the default limits: a hundred wrong passwords of others within a minute."""
    wrong = [client.post("/login/", credentials(username=f"u{number}")).status_code for number in range(100)]
    assert wrong == [422] * 20 + [429] * 80
    assert client.post("/login/", credentials()).status_code == 302
    assert Client().post(f"/login/{create_login_link(user=with_password, now=timezone.now())}/").status_code == 302


def test_passwords_are_rate_limited_by_account(client: Client, with_password: User) -> None:
    limited(log_ins_per_account=RateLimit(3))
    names = ["ada", "ADA", "ada", "ada"]
    tried = [
        client.post("/login/", {"username": name, "password": "no"}, REMOTE_ADDR=f"198.51.100.{number}").status_code
        for number, name in enumerate(names)
    ]
    assert tried == [422, 422, 422, 429]
    assert client.post("/login/", credentials(), REMOTE_ADDR="198.51.100.9").status_code == 429


def test_valid_passwords_are_not_rate_limited(client: Client, with_password: User) -> None:
    limited(log_ins_per_address=RateLimit(3), log_ins_per_account=RateLimit(3))
    assert [client.post("/login/", credentials()).status_code for _ in range(6)] == [302] * 6


def test_links_are_rate_limited(client: Client, ada: User) -> None:
    limited(log_ins_per_address=RateLimit(3))
    link = f"/login/{create_login_link(user=ada, now=timezone.now())}/"
    assert [client.post("/login/uws_wrong/").status_code for _ in range(4)] == [410, 410, 410, 429]
    assert client.post(link).status_code == 302  # a valid link works despite earlier failures
    assert [client.post(link).status_code for _ in range(2)] == [429, 429]  # it is used up
    assert client.post(link, REMOTE_ADDR="198.51.100.7").status_code == 410


@pytest.mark.django_db(transaction=True)
def test_concurrent_passwords_are_rate_limited_exactly(with_password: User) -> None:
    limited(log_ins_per_account=RateLimit(5), log_ins_per_address=RateLimit(1000))
    wrong = {"username": "ada", "password": "no"}
    found = at_once(10, lambda: [Client().post("/login/", wrong).status_code for _ in range(5)])
    statuses = [status for some in found for status in some]
    assert (statuses.count(422), statuses.count(429)) == (5, 45)
