"""Setting a password after a login by link."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from user_workspaces.accounts.actions import create_login_link
from user_workspaces.accounts.models import ExternalIdentity, LoginLink, User
from user_workspaces.portal.profile.passwords import BY_LINK_AT, RECENT

pytestmark = pytest.mark.usefixtures("site")
OLD, NEW = "correct horse battery staple", "another horse of that kind"


@pytest.fixture
def by_link(ada: User) -> Client:
    """The browser of Ada after a login by link."""
    client = Client()
    assert client.post(f"/login/{link_of(ada)}/")["Location"] == "/"
    return client


def link_of(user: User) -> str:
    return create_login_link(user=user, now=timezone.now())


def new(first: str = NEW, second: str = NEW) -> dict[str, str]:
    return {"new_password1": first, "new_password2": second}


def set_link_time(client: Client, moment: datetime) -> None:
    session = client.session
    session[BY_LINK_AT] = moment.timestamp()
    session.save()


def test_login_by_link_allows_to_set_a_password(by_link: Client, ada: User) -> None:
    page = by_link.get("/profile/").content
    assert b"Set password" in page
    assert b"old_password" not in page
    assert by_link.post("/profile/password/", new())["Location"] == "/profile/"
    page = by_link.get("/profile/").content
    assert b"The password was set." in page
    assert b"old_password" in page
    assert Client().post("/login/", {"username": "ada", "password": NEW}).status_code == 302


def test_new_password_ends_other_logins_and_links(
    by_link: Client, browser_of: Callable[[User], Client], ada: User
) -> None:
    other, waiting = browser_of(ada), link_of(ada)
    by_link.post("/profile/password/", new())
    assert [client.get("/profile/").status_code for client in (by_link, other)] == [200, 302]
    assert Client().post(f"/login/{waiting}/").status_code == 410
    assert not LoginLink.objects.exists()


@pytest.mark.parametrize(
    "sent", [new("", ""), new(second="different horse"), new("short", "short"), new("password1234")]
)
def test_weak_or_mistyped_password_is_rejected(by_link: Client, ada: User, sent: dict[str, str]) -> None:
    assert by_link.post("/profile/password/", sent).status_code == 422
    ada.refresh_from_db()
    assert ada.password == ""


def test_link_replaces_a_forgotten_password(ada: User) -> None:
    ada.set_password(OLD)
    ada.save()
    client = Client()
    client.post(f"/login/{link_of(ada)}/")
    assert client.post("/profile/password/", new())["Location"] == "/profile/"
    ada.refresh_from_db()
    assert ada.check_password(NEW)


def test_old_login_by_link_is_not_enough(by_link: Client, ada: User) -> None:
    set_link_time(by_link, timezone.now() - RECENT - timedelta(seconds=1))
    page = by_link.get("/profile/").content
    assert b"new_password1" not in page
    assert b"for a new login link" in page
    by_link.post("/profile/password/", new())
    ada.refresh_from_db()
    assert ada.password == ""


@pytest.mark.parametrize("password", ["", "!disabled"])
def test_external_and_disabled_accounts_get_no_password(by_link: Client, ada: User, password: str) -> None:
    """The external provider decides who may still log in."""
    if not password:
        ExternalIdentity.objects.create(user=ada, issuer="https://id.example.org", subject="ada@id")
    User.objects.filter(pk=ada.pk).update(password=password)
    by_link = Client()
    by_link.post(f"/login/{link_of(ada)}/")
    page = by_link.get("/profile/").content
    assert b"new_password1" not in page
    assert b"password-heading" not in page
    by_link.post("/profile/password/", new())
    ada.refresh_from_db()
    assert ada.password == password


def test_each_link_sets_one_password(by_link: Client, ada: User) -> None:
    by_link.post("/profile/password/", new())
    assert (
        by_link.post("/profile/password/", new("yet another horse here", "yet another horse here")).status_code == 422
    )
    ada.refresh_from_db()
    assert ada.check_password(NEW)
