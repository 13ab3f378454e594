"""The scope `workflows` is sufficient for all routes of workflows, and for nothing else."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from api.conftest import Caller
from api.test_routes import filled as filled_in_api
from reana_api.conftest import Reana
from reana_api.test_routes import CLOSED, extra_for, filled
from user_workspaces.accounts.actions import mint_token
from user_workspaces.accounts.models import User
from user_workspaces.accounts.scopes import Scope
from user_workspaces.api.urls import ROUTES
from user_workspaces.registry import Registry

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
BEYOND = {
    ("GET", "secrets"),
    ("POST", "secrets"),
    ("DELETE", "secrets"),
    ("POST", "workflows/<str:named>/open/<str:kind>"),
    ("POST", "workflows/<str:named>/close"),
    ("GET", "workflows/<str:named>/session"),
}
"""Routes that concern more than workflows: secrets and sessions."""
API = [(method.upper(), route) for route, view in ROUTES for method in ("get", "post", "put", "patch", "delete")
       if hasattr(view, method) and view.authentication_classes and (route, method) != ("tokens", "post")]  # fmt: skip


@pytest.fixture
def token(make_user: Callable[..., User], workflows: Registry) -> str:
    return mint_token(user=make_user("ada"), name="session", now=timezone.now(), scopes=[Scope.WORKFLOWS])


@pytest.mark.parametrize(("method", "route"), CLOSED)
def test_workflow_scope_allows_workflow_routes_only(
    make_user: Callable[..., User], token: str, method: str, route: str
) -> None:
    parameters = extra_for(method, route)
    body = parameters.pop("body", None)
    if route.endswith("/session"):
        parameters["token"] = token
    response = Reana(make_user("ada"), token)(method, filled(route, "nosuch"), body, **parameters)
    lacks = isinstance(response.body, dict) and "lacks the scope" in str(response.body.get("message"))
    assert lacks == ((method, route) in BEYOND), response.body


@pytest.mark.parametrize(("method", "route"), API)
def test_workflow_scope_allows_nothing_in_other_api(
    make_user: Callable[..., User], token: str, method: str, route: str
) -> None:
    response = Caller(make_user("ada"), token)(method, f"/{filled_in_api(route, 1)}/", {})
    assert response.status == 403
    assert "lacks the scope" in response.message
