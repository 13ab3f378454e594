"""Properties of all routes: trailing slashes, credentials, methods, and isolation of users."""

import re
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from api.conftest import Caller, share
from api.multipart import CONTENT_TYPE, form, part
from user_workspaces.accounts.actions import mint_client_token, mint_token
from user_workspaces.accounts.models import ApiToken
from user_workspaces.api.urls import ROUTES
from user_workspaces.jobs.models import Job
from user_workspaces.registry import Registry
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")
OPEN = {("POST", "tokens"), ("GET", "job_types"), ("GET", "parameters"), ("GET", "status")}
UPLOAD: dict[str, Any] = {"body": form(part("a.txt", b"1")), "content_type": CONTENT_TYPE}
TUS: dict[str, Any] = {"headers": {"Tus-Resumable": "1.0.0", "Upload-Length": "1", "Upload-Metadata": "filename Zg=="}}
PATCH: dict[str, Any] = {
    "headers": {"Tus-Resumable": "1.0.0", "Upload-Offset": "0"},
    "content_type": "application/offset+octet-stream",
}
NOT_HERS = (404, "Workspace {id} not found for user.")
FOREIGN: dict[str, tuple[tuple[str, dict[str, Any], int, str], ...] | None] = {
    # route: (method, request, status, message) for IDs of another user; None: the route has no IDs
    "tokens": None,
    "tokens/<number:token_id>": (("DELETE", {}, 404, "Token {id} not found for user."),),
    "users": None,
    "workspaces": None,
    "workspaces/<number:workspace_id>": (
        ("GET", {}, 200, "Workspace matching given parameters could not be found."),
        ("PUT", {"body": {"name": "x"}}, *NOT_HERS),
        ("DELETE", {}, *NOT_HERS),
    ),
    "workspaces/<number:workspace_id>/upload": (("PUT", UPLOAD, *NOT_HERS),),
    "workspaces/<number:workspace_id>/start": (("PUT", {"body": {"job_type": "local_test"}}, *NOT_HERS),),
    "workspaces/<number:workspace_id>/files": (
        ("GET", {}, *NOT_HERS),
        ("POST", {"body": {"action": "make_directory", "path": "d"}}, *NOT_HERS),
    ),
    "workspaces/<number:workspace_id>/files/<file:path>": (
        ("GET", {}, *NOT_HERS),
        ("PUT", {"body": b"mine", "content_type": "application/octet-stream"}, *NOT_HERS),
        ("DELETE", {}, *NOT_HERS),
    ),
    "workspaces/<number:workspace_id>/environment": (("GET", {}, *NOT_HERS),),
    "workspaces/<number:workspace_id>/environment/prepare": (
        ("POST", {"body": {"file": "requirements.txt"}}, *NOT_HERS),
    ),
    "workspaces/<number:workspace_id>/environment/reset": (("POST", {}, *NOT_HERS),),
    "workspaces/<number:workspace_id>/environment/lock": (("GET", {}, *NOT_HERS),),
    "workspaces/<number:workspace_id>/runs": (("GET", {}, *NOT_HERS), ("POST", {"body": {}}, *NOT_HERS)),
    "workspaces/<number:workspace_id>/runs/<str:run_id>/outputs": (("POST", {"body": {}}, *NOT_HERS),),
    "workspaces/<number:workspace_id>/tus": (("POST", TUS, *NOT_HERS),),
    "workspaces/<number:workspace_id>/tus/<str:upload_id>": (
        ("PATCH", {**PATCH, "body": b"mine"}, *NOT_HERS),
        ("DELETE", TUS, *NOT_HERS),
    ),
    "workspaces/<number:workspace_id>/<str:verb>": (("PUT", {}, 400, "Invalid PUT type passed."),),
    "jobs": None,
    "jobs/<number:job_id>": (("GET", {}, 200, "Job matching given parameters could not be found."),),
    "jobs/<number:job_id>/stop": (("PUT", {}, 404, "Job {id} not found for user."),),
    "jobs/<number:job_id>/<str:verb>": (("PUT", {}, 400, "Invalid PUT type passed."),),
    "shared_workspaces": None,
    "shared_workspaces/<number:share_id>": (
        ("GET", {}, 200, "Shared workspace matching given parameters could not be found."),
        ("DELETE", {}, 404, "Shared workspace {id} not found."),
    ),
    "shared_workspaces/<number:share_id>/accept": (("PUT", {}, 404, "Shared workspace {id} not found."),),
    "shared_workspaces/<number:share_id>/retry": (("PUT", {}, 404, "Shared workspace {id} not found."),),
    "shared_workspaces/<number:share_id>/<str:verb>": (("PUT", {}, 400, "Invalid PUT type passed."),),
    "live_tickets": None,
    "quotas": None,
    "job_types": None,
    "parameters": None,
    "status": None,
}


TOLD_APART = {
    # Clients expect different errors for the share of another user and for a missing share.
    ("DELETE", "shared_workspaces/<number:share_id>"): (
        403,
        "User does not have permissions for shared workspace {id}.",
    ),
}


def filled(route: str, number: int) -> str:
    path = re.sub(r"<number:\w+>", str(number), route).replace("<file:path>", "f").replace("<str:upload_id>", "x")
    path = path.replace("<str:run_id>", str(UUID(int=number)))
    return path.replace("<str:verb>", "destroy")


@pytest.mark.parametrize(
    ("method", "route"),
    [(method, route) for route, _ in ROUTES for method in METHODS if not (method == "OPTIONS" and "/tus" in route)],
)
def test_trailing_slash_makes_no_difference(ada: Caller, workspace: Workspace, method: str, route: str) -> None:
    """The body is refused before any change, so that both requests see the same state."""
    path = filled(route, 987654321)
    plain, slashed = ada(method, f"/{path}", {}), ada(method, f"/{path}/", {})
    assert plain.status == slashed.status
    own = {"dependencies": None} | ({"data": None} if route == "live_tickets" else {})  # each ticket is unique
    assert {**plain.body, **own} == {**slashed.body, **own}
    assert plain.status not in {301, 302, 307, 308}


@pytest.mark.parametrize("route", [route for route, _ in ROUTES])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_requests_without_credentials_are_refused(anonymous: Caller, site: Registry, route: str, method: str) -> None:
    response = anonymous(method, f"/{filled(route, 1)}/", {})
    if (method, route) in OPEN:
        assert response.message != "Authentication credentials were not provided."
        return
    if ("GET", route) in OPEN:
        assert response.status == 405
        return
    assert (response.status, response.message) == (401, "Authentication credentials were not provided.")
    assert response.headers["WWW-Authenticate"] == 'Token realm="user workspaces"'


@pytest.mark.parametrize("route", [route for route, _ in ROUTES])
def test_unsupported_methods_are_refused(ada: Caller, route: str) -> None:
    for method in ("TRACE", "BREW", *(() if "/tus" in route else ("PATCH",))):
        response = ada(method, f"/{filled(route, 1)}")
        assert (response.status, response.message) == (405, "This method is not allowed.")


def test_options_list_the_methods(ada: Caller) -> None:
    response = ada("OPTIONS", "/workspaces")
    assert (response.status, response.body["data"]) == (200, {"methods": ["GET", "POST", "HEAD", "OPTIONS"]})
    assert response.headers["Allow"] == "GET, POST, HEAD, OPTIONS"


def test_every_route_is_in_the_table() -> None:
    assert set(FOREIGN) == {route for route, _ in ROUTES}


@pytest.mark.parametrize("route", [route for route, requests in FOREIGN.items() if requests])
def test_objects_of_other_users_are_not_found(
    call: Callable[..., Caller], ada: Caller, workspace: Workspace, job: Job, route: str
) -> None:
    """The response is exactly that for an unknown ID."""
    token = ApiToken.objects.get().pk
    offered = share(ada, workspace, call("grace"))
    hers = {"jobs": job.pk, "tokens": token, "workspaces": workspace.pk, "shared_workspaces": offered}
    mallory, number = call("mallory"), hers[route.partition("/")[0]]
    never = number + 1_000_000
    for method, request, status, message in FOREIGN[route] or ():
        for slash in ("", "/"):
            theirs = mallory(method, f"/{filled(route, number)}{slash}", **request)
            unknown = mallory(method, f"/{filled(route, never)}{slash}", **request)
            their_status, their_message = TOLD_APART.get((method, route), (status, message))
            assert (theirs.status, theirs.message) == (their_status, their_message.format(id=number))
            assert (unknown.status, unknown.message) == (status, message.format(id=never))
            assert theirs.body.get("data") == unknown.body.get("data")
    workspace.refresh_from_db()
    assert (workspace.name, workspace.status) == ("cell-atlas", "active")
    assert Job.objects.get().status == "pending"


def test_lists_contain_only_own_objects(call: Callable[..., Caller], workspace: Workspace, job: Job) -> None:
    mallory = call("mallory")
    for path in (f"/workspaces/?name={workspace.name}", "/jobs/", f"/jobs/?workspace_id={workspace.pk}"):
        response = mallory("GET", path)
        assert (response.status, response.body["data"]["total"]) == (200, 0)


@pytest.mark.parametrize("form_of", ["Token {}", "token {}", "{}", "Bearer {}", "  Token   {}  "])
def test_formats_of_the_own_header(anonymous: Caller, ada: Caller, form_of: str) -> None:
    response = anonymous("GET", "/jobs/", headers={"UWS-Authorization": form_of.format(ada.token)})
    assert response.status == 200


@pytest.mark.parametrize(("form_of", "status"), [("Bearer {}", 200), ("Token {}", 200), ("{}", 401), ("Basic {}", 401)])
def test_formats_of_the_standard_header(anonymous: Caller, ada: Caller, form_of: str, status: int) -> None:
    assert anonymous("GET", "/jobs/", headers={"Authorization": form_of.format(ada.token)}).status == status


@pytest.mark.parametrize("text", ["", " ", "Token", "Token ", "Token a b", "x" * 10_000, "Token \u00e9", "Token uws_x"])
def test_invalid_token_header_is_refused(anonymous: Caller, ada: Caller, text: str) -> None:
    headers = {"UWS-Authorization": text, "Authorization": f"Bearer {ada.token}"}
    response = anonymous("GET", "/jobs/", headers=headers)
    assert (response.status, response.message) == (401, "Incorrect authentication credentials.")
    assert response.headers["WWW-Authenticate"].startswith("Token")


def test_client_token_is_no_user_token(anonymous: Caller, site: Registry) -> None:
    anonymous.token = mint_client_token(name="portal", now=timezone.now())
    assert anonymous("GET", "/jobs/").status == 401


def test_a_token_that_expired_or_was_revoked_is_refused(ada: Caller) -> None:
    ApiToken.objects.update(expires_at=timezone.now())
    assert ada("GET", "/jobs/").status == 401
    assert ada.user is not None
    ada.token = mint_token(user=ada.user, name="new", now=timezone.now())
    assert ada("GET", "/jobs/").status == 200
    ApiToken.objects.all().delete()
    assert ada("GET", "/jobs/").status == 401


def test_public_endpoints_ignore_credentials(anonymous: Caller, site: Registry) -> None:
    for path in ("/job_types", "/parameters/", "/status/"):
        assert anonymous("GET", path, headers={"UWS-Authorization": "Token wrong"}).status == 200


@pytest.mark.parametrize(
    "path", ["/nothing", "/workspaces/abc/", "/jobs/-1", "/jobs/1/stop/now", "/workspaces/" + "9" * 19, "/jobs/\u0663",
             "/%00", "/%ff%fe", "/workspaces//", "/../etc/passwd", "/" + "x" * 5000]
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_unknown_paths_are_not_found(ada: Caller, method: str, path: str) -> None:
    response = ada(method, path)
    assert (response.status, response.message) == (404, "Not found.")


def test_the_format_is_always_json(ada: Caller) -> None:
    assert ada("GET", "/jobs/?format=html", headers={"Accept": "text/html"}).status == 200
    assert ada("GET", "/jobs/", headers={"Accept": "nonsense"}).status == 200
