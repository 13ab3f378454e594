"""Each view names its scope, and tokens without it are refused."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.views import APIView

from api.conftest import Caller, launch
from api.test_routes import filled
from user_workspaces.accounts.actions import mint_token
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.accounts.scopes import Scope
from user_workspaces.api.urls import ROUTES
from user_workspaces.interfaces.values import Endpoint
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import write_endpoint
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
WRITING = ("post", "put", "patch", "delete")
Holder = Callable[..., Caller]


@pytest.fixture
def holder(make_user: Callable[..., User]) -> Holder:
    """Return a function that creates a user whose token has exactly the given scopes."""

    def make(*scopes: Scope, username: str = "ada") -> Caller:
        user = make_user(username)
        return Caller(user, mint_token(user=user, name="test", now=timezone.now(), scopes=scopes))

    return make


@pytest.mark.parametrize(("route", "view"), ROUTES, ids=[route for route, _ in ROUTES])
def test_every_view_names_its_scope(route: str, view: type[APIView]) -> None:
    """A new view needs `scope = Scope.…`; None only for views without authentication."""
    assert hasattr(view, "scope"), f"{view.__name__} of /{route}/ names no scope"
    assert isinstance(view.scope, Scope) or (view.scope is None and not view.authentication_classes)


@pytest.mark.parametrize(("route", "view"), ROUTES, ids=[route for route, _ in ROUTES])
def test_token_without_the_scope_is_refused_with_its_name(
    holder: Holder, workspace: Workspace, route: str, view: type[APIView]
) -> None:
    for method in ("get", *WRITING):
        needed = Scope.READ if method == "get" else getattr(view, "scope", None)
        is_open = needed is None or (route, method) == ("tokens", "post") or not view.authentication_classes
        if is_open or not hasattr(view, method):
            continue
        poor = holder(*(scope for scope in Scope if scope is not needed))
        response = poor(method.upper(), f"/{filled(route, workspace.pk)}/", {})
        assert (response.status, response.message) == (
            403,
            f"This token lacks the scope {needed}. Create a token that has it.",
        )
        rich = holder(needed)
        assert "lacks the scope" not in rich(method.upper(), f"/{filled(route, 987654321)}/", {}).message


def test_view_without_scope_needs_admin(holder: Holder, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    view = dict(ROUTES)["workspaces"]
    monkeypatch.delattr(view, "scope")
    usual = holder(Scope.READ, Scope.WORKSPACES, Scope.SESSIONS)
    assert usual("POST", "/workspaces/", {}).message == "This token lacks the scope admin. Create a token that has it."


def test_read_scope_does_not_open_a_session(holder: Holder, workspace: Workspace) -> None:
    """A ticket gives a shell with the rights of the user."""
    now, job = timezone.now(), launch(workspace, "jupyter_lab")
    Job.objects.update(
        status="running", datetime_start=now, datetime_ready=now, endpoint=write_endpoint(Endpoint(host="h", port=1))
    )
    reader, opener = holder(Scope.READ), holder(Scope.READ, Scope.SESSIONS)
    for path in ("/jobs/", f"/jobs/{job.pk}/"):
        closed, opened = (
            who("GET", path).body["data"]["jobs"][0]["job_details"]["current_job_details"] for who in (reader, opener)
        )
        assert "connection_details" not in closed
        assert "ticket" in opened["connection_details"]["url_path"]


def test_forced_deletion_requires_the_sessions_scope(holder: Holder, workspace: Workspace, job: Job) -> None:
    poor = holder(Scope.READ, Scope.WORKSPACES)
    assert poor("DELETE", f"/workspaces/{workspace.pk}/?force=true").status == 403
    job.refresh_from_db()
    assert job.status == "pending"
    assert poor("DELETE", f"/workspaces/{workspace.pk}/").status == 400


@pytest.mark.parametrize("stored", ["", "nonsense", "READ", "read,workspaces", "readworkspaces"])
def test_unknown_stored_scope_gives_no_right(ada: Caller, stored: str) -> None:
    ApiToken.objects.update(scopes=stored)
    assert ada("GET", "/workspaces/").status == 403


@pytest.mark.parametrize("end", ["expired", "revoked", "locked out"])
def test_invalid_token_is_refused_for_any_scope(ada: Caller, end: str) -> None:
    match end:
        case "expired":
            ApiToken.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        case "revoked":
            ApiToken.objects.all().delete()
        case "locked out":
            User.objects.update(is_active=False)
    for method, path in (("GET", "/tokens/"), ("POST", "/workspaces/"), ("DELETE", "/tokens/1/")):
        response = ada(method, path, {})
        assert (response.status, response.message) == (401, "Incorrect authentication credentials.")
