"""Conflicting session or CSRF cookies are rejected and deleted."""

from collections.abc import Callable

import pytest
from django.test import Client

from user_workspaces.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@pytest.fixture
def browser(site: object, make_user: Callable[[str], User]) -> Client:
    client = Client()
    client.force_login(make_user("ada"))
    return client


@pytest.mark.parametrize(
    ("header", "rejected"),
    [
        ("uws-portal=other; {own}", True),
        ("{own}; uws-portal=other", True),
        ("a=b; {own};uws-portal=", True),
        ("{own}; uws-csrf=1; uws-csrf=2", True),
        ("{own}", False),
        ("{own}; {own}", False),
        ("{own}; x-uws-portal=other", False),
        ("{own}; uws-portal2=other", False),
        ("{own}; other=uws-portal=1", False),
        ("other=1; other=2; {own}", False),
    ],
)
def test_conflicting_logins_are_rejected(browser: Client, header: str, *, rejected: bool) -> None:
    own = f"uws-portal={browser.cookies['uws-portal'].value}"
    browser.cookies.clear()
    response = browser.get("/", HTTP_COOKIE=header.format(own=own))
    assert response.status_code == (400 if rejected else 200)
    assert ("two different logins" in response.content.decode()) == rejected


@pytest.mark.parametrize(
    "space", ["\N{EN QUAD}", "\N{NO-BREAK SPACE}", "\x85", "\N{IDEOGRAPHIC SPACE}", "\x1f", "\x0b"]
)
@pytest.mark.parametrize(
    "planted", ["{space}uws-portal={other}", "uws-portal{space}={other}", "a=b; {space} uws-portal ={other}"]
)
def test_cookie_name_with_unicode_spaces_is_ignored(
    browser: Client, make_user: Callable[[str], User], planted: str, space: str
) -> None:
    """Django would strip the spaces; with and without the victim's own cookie."""
    attacker = Client()
    attacker.force_login(make_user("mallory"))
    sent = planted.format(space=space.encode().decode("latin-1"), other=attacker.cookies["uws-portal"].value)
    own = f"uws-portal={browser.cookies['uws-portal'].value}"
    browser.cookies.clear()
    for header, status in ((sent, 302), (f"{sent}; {own}", 200), (f"{own}; {sent}", 200)):
        response = browser.get("/profile/", HTTP_COOKIE=header)
        assert response.status_code == status
        assert "mallory" not in response.content.decode()


def test_conflicting_cookies_are_deleted_on_all_paths(browser: Client) -> None:
    response = browser.get("/w/7/files/", HTTP_COOKIE="uws-portal=1; uws-portal=2", HTTP_HOST="localhost:8000")
    lines = [morsel.OutputString() for morsel in response.cookies.values()]
    paths = ("/", "/w", "/w/", "/w/7", "/w/7/", "/w/7/files", "/w/7/files/")
    for path in paths:
        for domain in ("", "Domain=localhost; "):
            assert f'uws-portal=""; {domain}HttpOnly; Max-Age=0; Path={path}' in lines
    assert len(lines) == 2 * len(paths)
    assert response["Cache-Control"] == "no-store"


def test_long_path_does_not_make_a_long_response(browser: Client) -> None:
    response = browser.get("/x" * 4000, HTTP_COOKIE="uws-portal=1; uws-portal=2")
    assert (response.status_code, len(response.cookies)) == (400, 48)
