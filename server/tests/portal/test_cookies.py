"""Two cookies of one of our names: neither is believed, and both are taken away."""

from collections.abc import Callable

import pytest
from django.test import Client

from user_workspaces.accounts.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(site: object, make_user: Callable[[str], User]) -> Client:
    client = Client()
    client.force_login(make_user("ada"))
    return client


@pytest.mark.parametrize(
    ("planted", "refused"),
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
def test_two_log_ins_are_none(browser: Client, planted: str, *, refused: bool) -> None:
    own = f"uws-portal={browser.cookies['uws-portal'].value}"
    browser.cookies.clear()
    response = browser.get("/", HTTP_COOKIE=planted.format(own=own))
    assert response.status_code == (400 if refused else 200)
    assert ("two different logins" in response.content.decode()) == refused


@pytest.mark.parametrize(
    "space", ["\N{EN QUAD}", "\N{NO-BREAK SPACE}", "\x85", "\N{IDEOGRAPHIC SPACE}", "\x1f", "\x0b"]
)
@pytest.mark.parametrize(
    "planted", ["{space}uws-portal={other}", "uws-portal{space}={other}", "a=b; {space} uws-portal ={other}"]
)
def test_name_with_odd_spaces_is_no_login(
    browser: Client, make_user: Callable[[str], User], planted: str, space: str
) -> None:
    """Django would strip them; with and without a login of the victim's own beside it."""
    attacker = Client()
    attacker.force_login(make_user("mallory"))
    sent = planted.format(space=space.encode().decode("latin-1"), other=attacker.cookies["uws-portal"].value)
    own = f"uws-portal={browser.cookies['uws-portal'].value}"
    browser.cookies.clear()
    for header, status in ((sent, 302), (f"{sent}; {own}", 200), (f"{own}; {sent}", 200)):
        response = browser.get("/profile/", HTTP_COOKIE=header)
        assert response.status_code == status
        assert "mallory" not in response.content.decode()


def test_all_cookies_of_that_name_are_deleted(browser: Client) -> None:
    response = browser.get("/w/7/files/", HTTP_COOKIE="uws-portal=1; uws-portal=2", HTTP_HOST="localhost:8000")
    lines = [morsel.OutputString() for morsel in response.cookies.values()]
    paths = ("/", "/w", "/w/", "/w/7", "/w/7/", "/w/7/files", "/w/7/files/")
    for path in paths:
        for domain in ("", "Domain=localhost; "):
            assert f'uws-portal=""; {domain}HttpOnly; Max-Age=0; Path={path}' in lines
    assert len(lines) == 2 * len(paths)
    assert response["Cache-Control"] == "no-store"


def test_a_long_path_makes_no_long_answer(browser: Client) -> None:
    response = browser.get("/x" * 4000, HTTP_COOKIE="uws-portal=1; uws-portal=2")
    assert (response.status_code, len(response.cookies)) == (400, 48)
