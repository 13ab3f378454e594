"""All routes: trailing slashes, tokens in three places, scopes, and no access to other users' runs."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import Model
from django.utils import timezone

from reana_api.conftest import Reana
from support.runs import created
from user_workspaces.accounts.actions import mint_token
from user_workspaces.accounts.models import User
from user_workspaces.accounts.scopes import Scope
from user_workspaces.jobs.models import Job
from user_workspaces.reana_api.urls import ROUTES
from user_workspaces.registry import Registry
from user_workspaces.workflows.models import Run, Secret
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
METHODS = ("get", "post", "put", "delete")
OPEN = {"ping", "config"}
OPERATIONS = [(method.upper(), route) for route, view in ROUTES for method in METHODS if hasattr(view, method)]
CLOSED = [(method, route) for method, route in OPERATIONS if route not in OPEN]
CANARY = "kanarienvogel"
MISSING = "REANA_WORKON is set to {name}, but that workflow does not exist."


def filled(route: str, named: str, path: str = "data.txt") -> str:
    path = route.replace("<below:path>", path).replace("<str:kind>", "jupyter")
    return re.sub(r"<str:\w+>", named, path)


def extra_for(method: str, route: str) -> dict[str, Any]:
    """Return the arguments with which a request reaches the lookup of the run."""
    if method == "POST" and route.endswith("/workspace"):
        return {"file_name": "new.txt", "content_type": "application/octet-stream", "body": b"x"}
    if "move_files" in route:
        return {"source": "data.txt", "target": "other.txt"}
    if method == "PUT":
        return {"status": "deleted"}
    return {}


@pytest.mark.parametrize(("method", "route"), CLOSED)
def test_request_without_token_is_rejected(anonymous: Reana, method: str, route: str) -> None:
    for path in (filled(route, "x"), filled(route, "x") + "/"):
        response = anonymous(method, path)
        assert (response.status, response.body) == (401, {"message": "User not signed in"})
        assert response.headers["WWW-Authenticate"] == 'Bearer realm="user workspaces"'


def test_user_without_full_name_has_username(ada: Reana) -> None:
    assert ada("GET", "you").body["full_name"] == "ada"
    User.objects.filter(username="ada").update(first_name="Ada", last_name="Lovelace")
    assert ada("GET", "you").body["full_name"] == "Ada Lovelace"


@pytest.mark.parametrize(("method", "route"), CLOSED)
def test_wrong_token_is_rejected(workflows: Registry, method: str, route: str) -> None:
    parameter = "token" if route.endswith("/session") else "access_token"
    response = Reana(None, "")(method, filled(route, "x"), **{parameter: "wrong"})
    assert (response.status, response.body) == (403, {"message": "Token not valid."})


@pytest.mark.parametrize(("method", "route"), [one for one in CLOSED if one[0] != "GET"])
def test_read_token_cannot_change_anything(
    workflows: Registry, make_user: Callable[..., User], method: str, route: str
) -> None:
    user = make_user("ada")
    token = mint_token(user=user, name="reads", now=timezone.now(), scopes=[Scope.READ])
    response = Reana(user, token)(method, filled(route, "x"), **extra_for(method, route))
    assert response.status == 403
    assert "lacks the scope" in response.body["message"]


def test_read_token_cannot_open_session(workflows: Registry, make_user: Callable[..., User]) -> None:
    user = make_user("ada")
    token = mint_token(user=user, name="reads", now=timezone.now(), scopes=[Scope.READ])
    response = Reana(user, "")("GET", "workflows/x/session", token=token)
    assert (response.status, response.body["message"]) == (
        403,
        "This token lacks the scope sessions. Create a token that has it.",
    )


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer {token}"},
        {"UWS-Authorization": "Token {token}"},
        {"UWS-Authorization": "{token}"},
    ],
)
def test_token_in_header_is_accepted(ada: Reana, headers: dict[str, str]) -> None:
    filled_in = {name: value.format(token=ada.token) for name, value in headers.items()}
    assert Reana(None, "")("GET", "you", headers=filled_in).body["username"] == "ada"


@pytest.mark.parametrize(("method", "route"), OPERATIONS)
def test_routes_work_with_and_without_slash(ada: Reana, method: str, route: str) -> None:
    path = filled(route, "nosuch")
    extra = extra_for(method, route)
    body = extra.pop("body", None)
    plain, slashed = ada(method, path, body, **extra), ada(method, f"{path}/", body, **extra)
    assert (plain.status, plain.content) == (slashed.status, slashed.content)


def everything() -> dict[str, list[dict[str, Any]]]:
    """Return all rows of the tables that concern runs."""
    models: list[type[Model]] = [Run, Secret, Workspace, Job]
    return {model.__name__: list(model._default_manager.order_by("pk").values()) for model in models}


@pytest.mark.parametrize(("method", "route"), [one for one in CLOSED if "<str:named>" in one[1]])
def test_other_user_cannot_find_run(ada: Reana, mallory: Reana, method: str, route: str) -> None:
    assert ada.user
    run = created(ada.user, CANARY)
    assert ada.upload(str(run.pk), f"{CANARY}.txt", CANARY.encode()).status == 200
    created(mallory.user or ada.user, "own")
    before = everything()
    for named in (str(run.pk), f"{CANARY}", f"{CANARY}.1"):
        extra = extra_for(method, route)
        body = extra.pop("body", None)
        parameter = {"token": mallory.token} if route.endswith("/session") else {}
        response = mallory(method, filled(route, named, f"{CANARY}.txt"), body, **extra, **parameter)
        assert response.status == (403 if route.endswith("specification") else 404)
        assert response.body["message"].startswith(MISSING.format(name=named))
        assert everything() == before


def test_other_user_cannot_diff_run(ada: Reana, mallory: Reana) -> None:
    assert ada.user
    assert mallory.user
    hers, own = created(ada.user, CANARY), created(mallory.user, "own")
    for one, other in ((own.pk, hers.pk), (hers.pk, own.pk)):
        assert mallory("GET", f"workflows/{one}/diff/{other}").status == 404


def test_lists_contain_own_runs_only(ada: Reana, mallory: Reana) -> None:
    assert ada.user
    run = created(ada.user, CANARY)
    ada("POST", "secrets/", {CANARY: {"type": "env", "value": "eA=="}})
    for path, query in (
        ("workflows", {"type": "batch"}),
        ("workflows", {"workflow_id_or_name": str(run.pk)}),
        ("workflows", {"search": '{"name": ["kanarien"]}'}),
        ("secrets", {}),
        ("status", {}),
        ("you", {}),
    ):
        assert CANARY.encode() not in mallory("GET", path, **query).content
    assert mallory("DELETE", "secrets/", [CANARY]).status == 404
    assert Secret.objects.filter(name=CANARY).exists()


@pytest.mark.parametrize("path", ["nowhere", "workflows/x/nope", "workflows/x/..%2f", "", "gitlab"])
def test_unknown_paths_are_not_found(anonymous: Reana, path: str) -> None:
    response = anonymous("GET", path)
    assert (response.status, response.body["status"]) == (404, 404)


def test_other_methods_are_rejected(ada: Reana) -> None:
    assert ada("PATCH", "you").status == 405
    assert ada("DELETE", "ping").body == {"message": 'Method "DELETE" not allowed.', "status": 405}
