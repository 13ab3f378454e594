"""The profile page."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from user_workspaces.accounts.actions import mint_token
from user_workspaces.accounts.hot_queries import find_token
from user_workspaces.accounts.models import ApiToken, ExternalIdentity, User
from user_workspaces.registry import Registry

pytestmark = pytest.mark.usefixtures("site")
OLD, NEW = "correct horse battery staple", "another horse of that kind"
TEXT = re.compile(rb"uws_[A-Za-z0-9_-]{51}")


@pytest.fixture
def with_password(ada: User, browser_of: Callable[[User], Client]) -> Client:
    """The browser of Ada, who has a password."""
    ada.set_password(OLD)
    ada.save()
    return browser_of(ada)


def wanted(**change: object) -> dict[str, object]:
    return {"token-name": "field-station", "token-scopes": ["read", "sessions"], "token-days": "7", **change}


def test_new_token_is_shown_once(browser: Client, ada: User) -> None:
    response = browser.post("/profile/tokens/", wanted())
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    text = TEXT.findall(response.content)[0].decode()
    token = find_token(text, now=timezone.now())
    assert token is not None
    assert (token.user, token.name, token.scopes) == (ada, "field-station", "read sessions")
    assert token.expires_at - token.created_at == timedelta(days=7)
    page = browser.get("/profile/").content
    assert (TEXT.findall(page), b"field-station" in page, text[:12].encode() in page) == ([], True, True)


@pytest.mark.parametrize(
    "change",
    [
        {"token-name": ""},
        {"token-name": "n" * 201},
        {"token-name": "a\0b"},
        {"token-scopes": []},
        {"token-scopes": ["root"]},
        {"token-scopes": ["read", "admin"]},
        {"token-days": "0"},
        {"token-days": "91"},
        {"token-days": "x"},
        {"token-days": "9" * 50},
    ],
)
def test_invalid_token_is_rejected(browser: Client, change: dict[str, object]) -> None:
    response = browser.post("/profile/tokens/", wanted(**change))
    assert response.status_code == 422
    assert b"errorlist" in response.content
    assert not ApiToken.objects.exists()


def test_only_administrators_are_offered_the_admin_scope(browser: Client, ada: User) -> None:
    assert b"Administer this server" not in browser.get("/profile/").content
    User.objects.filter(pk=ada.pk).update(is_staff=True)
    assert b"Administer this server" in browser.get("/profile/").content
    browser.post("/profile/tokens/", wanted(**{"token-scopes": ["admin"]}))
    assert ApiToken.objects.get().scopes == "admin"


def test_token_is_revoked(browser: Client, ada: User) -> None:
    text = mint_token(user=ada, name="field-station", now=timezone.now())
    number = ApiToken.objects.get().pk
    assert browser.get(f"/profile/tokens/{number}/revoke/").status_code == 405
    assert browser.post(f"/profile/tokens/{number}/revoke/")["Location"] == "/profile/"
    assert find_token(text, now=timezone.now()) is None
    assert browser.post(f"/profile/tokens/{number}/revoke/").status_code == 404


def test_stranger_neither_sees_nor_revokes_a_token(stranger: Client, ada: User) -> None:
    mint_token(user=ada, name="field-station", now=timezone.now())
    assert b"field-station" not in stranger.get("/profile/").content
    assert stranger.post(f"/profile/tokens/{ApiToken.objects.get().pk}/revoke/").status_code == 404
    assert ApiToken.objects.count() == 1


def test_external_logins_are_shown_by_name_or_issuer(browser: Client, ada: User) -> None:
    ExternalIdentity.objects.create(user=ada, issuer="https://old.example.org", subject="<b>42</b>")
    ExternalIdentity.objects.create(user=ada, issuer="local", subject="ada")
    page = browser.get("/profile/").content.decode()
    assert "https://old.example.org" in page
    assert "&lt;b&gt;42&lt;/b&gt;" in page
    assert "This machine" in page


def test_log_out_everywhere_ends_logins_and_session_access(
    browser: Client, browser_of: Callable[[User], Client], ada: User
) -> None:
    other, text = browser_of(ada), mint_token(user=ada, name="stays", now=timezone.now())
    assert browser.post("/profile/log-out-everywhere/")["Location"] == "/login/"
    assert [client.get("/").status_code for client in (browser, other)] == [302, 302]
    epoch = ada.session_epoch
    ada.refresh_from_db()
    assert ada.session_epoch == epoch + 1
    assert find_token(text, now=timezone.now()) is not None


def test_logout_leaves_other_browsers_logged_in(
    browser: Client, browser_of: Callable[[User], Client], ada: User
) -> None:
    other = browser_of(ada)
    browser.post("/logout/")
    assert [client.get("/").status_code for client in (browser, other)] == [302, 200]


def passwords(old: str = OLD, new: str = NEW, again: str = NEW) -> dict[str, str]:
    return {"old_password": old, "new_password1": new, "new_password2": again}


def test_changed_password_logs_out_other_browsers(
    with_password: Client, browser_of: Callable[[User], Client], ada: User
) -> None:
    other = browser_of(ada)
    assert with_password.post("/profile/password/", passwords())["Location"] == "/profile/"
    ada.refresh_from_db()
    assert ada.check_password(NEW)
    assert [client.get("/profile/").status_code for client in (with_password, other)] == [200, 302]


@pytest.mark.parametrize(
    "sent", [passwords(old="no"), passwords(again="no"), passwords("", "", ""), passwords(new="x")]
)
def test_invalid_password_change_is_rejected(with_password: Client, ada: User, sent: dict[str, str]) -> None:
    assert with_password.post("/profile/password/", sent).status_code == 422
    ada.refresh_from_db()
    assert ada.check_password(OLD)


def test_old_passwords_are_rate_limited(with_password: Client, ada: User) -> None:
    for _ in range(10):
        with_password.post("/profile/password/", passwords(old="no"))
    response = with_password.post("/profile/password/", passwords())
    assert b"Too many attempts" in response.content
    ada.refresh_from_db()
    assert ada.check_password(OLD)


def test_attack_on_the_login_does_not_block_a_password_change(with_password: Client, ada: User) -> None:
    for number in range(20):
        wrong = {"username": "ada", "password": "no"}
        Client().post("/login/", wrong, REMOTE_ADDR=f"198.51.100.{number}")
    assert with_password.post("/profile/password/", passwords()).status_code == 302
    ada.refresh_from_db()
    assert not ada.check_password(OLD)


@pytest.mark.parametrize("password", ["", "!unusable"])
def test_user_without_password_cannot_set_one(browser: Client, ada: User, password: str) -> None:
    """Otherwise anyone at an unlocked browser could gain lasting access."""
    User.objects.filter(pk=ada.pk).update(password=password)
    page = browser.get("/profile/")
    if page.status_code == 200:
        assert b"old_password" not in page.content
        assert browser.post("/profile/password/", passwords(old=""))["Location"] == "/profile/"
    ada.refresh_from_db()
    assert ada.password == password


def test_profile_is_linked_from_every_page(browser: Client, site: Registry) -> None:
    assert b'href="/profile/"' in browser.get("/").content
    assert browser.get("/profile/tokens/")["Location"] == "/profile/"
    assert browser.get("/profile/password/")["Location"] == "/profile/"
