"""Access to the administration: other users get status 404."""

from collections.abc import Callable
from io import StringIO

import pytest
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver

from admin.conftest import World
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.admin.site import administration

pytestmark = pytest.mark.django_db(transaction=True)
PAGES = ["", "running/", "accounts/user/", "jobs/job/", "quotas/quota/add/", "login/", "jsi18n/", "nothing/"]


def browser_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("page", PAGES)
def test_users_get_status_404(world: World, page: str) -> None:
    client = browser_of(world.ada)
    assert client.get(f"/admin/{page}").status_code == 404
    assert client.post(f"/admin/{page}").status_code == 404


def test_anonymous_request_is_redirected_to_the_portal_login(world: World) -> None:
    response = Client().get("/admin/jobs/job/?status__exact=running", follow=True)
    assert response.redirect_chain[-1][0] == "/login/?next=/admin/jobs/job/%3Fstatus__exact%3Drunning"
    assert b'value="/admin/jobs/job/?status__exact=running"' in response.content


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil"])
def test_login_redirect_stays_on_this_server(world: World, browser: Client, wanted: str) -> None:
    for client in (Client(), browser):
        assert client.get("/admin/login/", {"next": wanted})["Location"] in {"/login/?next=/admin/", "/admin/"}


@pytest.mark.parametrize("change", [{"is_active": False}, {"is_service": True}, {"is_staff": False}])
def test_former_administrator_loses_access(
    world: World, browser: Client, operator: User, change: dict[str, bool]
) -> None:
    assert browser.get("/admin/").status_code == 200
    User.objects.filter(pk=operator.pk).update(**change)
    assert browser.get("/admin/").status_code in {302, 404}


def test_staff_without_rights_sees_no_tables(world: World) -> None:
    User.objects.filter(pk=world.ada.pk).update(is_staff=True)
    client = browser_of(User.objects.get(pk=world.ada.pk))
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/accounts/user/").status_code == 403


@pytest.fixture
def clerk(world: World, make_user: Callable[..., User]) -> User:
    """Staff with all rights who is not a superuser."""
    user = make_user("carl")
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    return User.objects.get(pk=user.pk)


def test_a_clerk_cannot_give_rights(world: World, clerk: User) -> None:
    client = browser_of(clerk)
    form = {"username": "ada", "email": "ada@example.org", "is_staff": "on", "is_superuser": "on",
            "groups": str(world.group.pk), "quota-TOTAL_FORMS": "0", "quota-INITIAL_FORMS": "0"}  # fmt: skip
    client.post(f"/admin/accounts/user/{world.ada.pk}/change/", form)
    ada = User.objects.get(pk=world.ada.pk)
    assert (ada.is_staff, ada.is_superuser, ada.groups.count()) == (False, False, 0)
    assert client.post(f"/admin/auth/group/{world.group.pk}/change/", {"name": "masters"}).status_code == 403
    assert client.post("/admin/auth/group/add/", {"name": "masters"}).status_code == 403


def test_a_clerk_cannot_change_administrators(world: World, clerk: User, operator: User) -> None:
    client = browser_of(clerk)
    assert client.post(f"/admin/accounts/user/{operator.pk}/change/", {"email": "x@example.org"}).status_code == 403
    rows = [str(user.pk) for user in (operator, clerk, world.ada)]
    client.post("/admin/accounts/user/", {"action": "deactivate", "_selected_action": rows, "confirmed": "yes"})
    active = dict(User.objects.values_list("username", "is_active"))
    assert (active["olga"], active["carl"], active["ada"]) == (True, True, False)


def test_path_without_slash_is_redirected(world: World, browser: Client) -> None:
    assert browser.get("/admin", follow=True).status_code == 200


def test_logging_out_ends_access_to_sessions(world: World, browser: Client, operator: User) -> None:
    assert browser.post("/admin/logout/")["Location"] == "/login/"
    assert browser.get("/admin/").status_code == 302
    assert User.objects.get(pk=operator.pk).session_epoch == operator.session_epoch + 1


def test_the_command_makes_an_administrator(world: World) -> None:
    printed = StringIO()
    call_command("login_link", "ada", "--admin", stdout=printed)
    ada = User.objects.get(pk=world.ada.pk)
    assert (ada.is_staff, ada.is_superuser) == (True, True)
    assert not ApiToken.objects.filter(user=ada).exists()
    client = Client()
    client.post(printed.getvalue().strip().partition("8000")[2])
    assert client.get("/admin/").status_code == 200
    call_command("login_link", "bert", stdout=printed)
    assert not User.objects.get(username="bert").is_staff


def test_every_view_is_guarded(world: World) -> None:
    client = browser_of(world.ada)

    def paths(patterns: list[URLPattern | URLResolver], prefix: str) -> list[str]:
        found = []
        for one in patterns:
            if isinstance(one, URLResolver):
                found += paths(one.url_patterns, prefix + str(one.pattern))
            else:
                found.append(prefix + str(one.pattern))
        return found

    every = [path.replace("<path:object_id>", "1") for path in paths(administration.get_urls(), "/admin/")]
    plain = [path for path in every if "<" not in path and "(" not in path and "logout" not in path]
    assert len(plain) > 30
    assert {client.get(path).status_code for path in plain} == {404}
