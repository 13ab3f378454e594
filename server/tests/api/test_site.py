"""`/tokens/`, `/users/`, `/job_types/`, `/parameters/`, `/status/`, and invalid bodies."""

from typing import Any

import orjson
import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from api.conftest import Caller
from user_workspaces import __version__, registry
from user_workspaces.accounts.actions import mint_client_token
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.accounts.queries import find_client
from user_workspaces.api.urls import ROUTES
from user_workspaces.interfaces.values import Health, PluginContext
from user_workspaces.observability import connections
from user_workspaces.observability.connections import ConnectionMetrics
from user_workspaces.plugins.user_authentication.local import LocalUserAuthentication
from user_workspaces.plugins.user_authentication.local.plugin import LocalOptions
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_job_type import FakeSession
from user_workspaces.testing.fake_resource import ResourceThatIsSilent
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
NO_CONTROLLER = "No running controller was found: jobs do not start or end. Start it with `manage.py controller`."
ADA = {"username": "ada", "email": "ada@example.org", "first_name": "Ada", "last_name": "Lovelace"}


@pytest.fixture
def client_token(site: Registry) -> str:
    """The token of a data portal, with its authentication."""
    context = PluginContext("local", settings.DATA_DIR, settings.DATA_DIR, settings.DATA_DIR, find_client)
    site.user_authentications.add("local", LocalUserAuthentication(context, LocalOptions()))
    return mint_client_token(name="portal", now=timezone.now())


def test_client_gets_a_token_for_a_user(anonymous: Caller, client_token: str) -> None:
    response = anonymous("POST", "/tokens", {"client_token": client_token, "user_info": ADA})
    assert (response.status, response.message) == (200, "Successful authentication.")
    ada = Caller(None, response.body["token"])
    assert ada("GET", "/workspaces/").status == 200
    kept = ApiToken.objects.get(may_mint=False)
    assert (kept.user.get_full_name(), kept.name) == ("Ada Lovelace", "API sign-in")


def test_every_request_creates_another_token(anonymous: Caller, client_token: str) -> None:
    body = {"client_token": client_token, "user_info": ADA}
    tokens = {anonymous("POST", "/tokens/", body).body["token"] for _ in range(3)}
    assert [Caller(None, token)("GET", "/jobs/").status for token in tokens] == [200, 200, 200]


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"client_token": None}, 400, "Missing client_token. Please provide a client_token in the request body."),
        ({"user_info": None}, 400, "Missing user_info. Please provide user_info in the request body."),
        ({"client_token": "x"}, 401, "Incorrect authentication credentials."),
        ({"client_token": ["x"]}, 401, "Incorrect authentication credentials."),
        ({"user_info": {"username": "root"}}, 403, "This name belongs to the system."),
        ({"user_info": {"username": "daemon"}}, 403, "This name belongs to the system."),
        ({"user_info": {"username": "chief"}}, 403, "This user name belongs to a service or an administrator."),
        ({"user_info": {"username": "robot"}}, 403, "This user name belongs to a service or an administrator."),
        (
            {"user_info": {**ADA, "email": "mallory@example.org"}},
            403,
            "This user name belongs to a user with another e-mail address.",
        ),
        ({"user_info": ["ada"]}, 400, "user_info: Input should be a valid dictionary or instance of _UserInfo"),
    ],
)
def test_invalid_credentials_are_refused(
    anonymous: Caller, client_token: str, change: dict[str, Any], status: int, message: str
) -> None:
    User.objects.create(username="ada", email=ADA["email"])
    User.objects.create(username="chief", is_superuser=True)
    User.objects.create(username="robot", is_service=True)
    before = ApiToken.objects.count()
    response = anonymous("POST", "/tokens/", {"client_token": client_token, "user_info": ADA, **change})
    assert response.headers.get("WWW-Authenticate") == ('Token realm="user workspaces"' if status == 401 else None)
    assert (response.status, response.message) == (status, message)
    assert ApiToken.objects.count() == before


def test_user_token_cannot_get_tokens(anonymous: Caller, client_token: str) -> None:
    mine = anonymous("POST", "/tokens/", {"client_token": client_token, "user_info": ADA}).body["token"]
    response = anonymous("POST", "/tokens/", {"client_token": mine, "user_info": {"username": "grace"}})
    assert response.status == 403
    assert not User.objects.filter(username="grace").exists()


def test_users_are_found(ada: Caller) -> None:
    grace = User.objects.create(username="grace", first_name="Grace", last_name="Hopper", email="g@navy.example")
    User.objects.create(username="robot", first_name="Grace", is_service=True)
    shown = {
        "id": grace.pk,
        "username": "grace",
        "first_name": "Grace",
        "last_name": "Hopper",
        "email": "g@navy.example",
    }
    for search in ("grace hop", "NAVY", "", "hopper%20grace"):
        assert ada("GET", f"/users/?search={search.replace(' ', '+')}").body["data"]["users"] == [shown]
    for search in ("ada", "%00nothing", "x" * 100_000, "zzz+" * 3000):
        response = ada("GET", f"/users?search={search}")
        assert response.body["data"]["users"] == []
        assert response.message == "Users matching given parameters could not be found."


def test_job_types_and_parameters_are_as_configured(anonymous: Caller, site: Registry) -> None:
    assert anonymous("GET", "/job_types/").body["data"]["job_types"] == {
        "jupyter_lab": {"id": "jupyter_lab", "name": "JupyterLab"},
        "local_test": {"id": "local_test", "name": "Hello World test"},
    }
    shown = anonymous("GET", "/parameters").body["data"]["parameters"]
    assert shown == [parameter.raw for parameter in registry.site().parameters]
    assert shown[0]["validation"] == {"type": "int", "min": 1, "max": 16, "required": True}


def test_status_lists_each_dependency(anonymous: Caller, site: Registry) -> None:
    response = anonymous("GET", "/status/")
    assert (response.status, response.body["version"]) == (200, __version__)
    fine = {"connected": True, "message": ""}
    assert response.body["dependencies"] == {
        "main_resource": fine, "api_user_authentication": fine, "resources": {"local": fine},
        "storage_methods": {"local": fine}, "user_authentication_methods": {"local": fine}, "database": fine,
        "job_types": {"jupyter_lab": fine, "local_test": fine}, "job_type.jupyter_lab": fine,
        "job_type.local_test": fine,
        "resource.local": fine, "storage.local": fine, "user_authentication.local": fine, "data_folder": fine,
        "controller": {"connected": False, "message": NO_CONTROLLER},
    }  # fmt: skip
    assert (response.body["connections"], response.body["warnings"]) == (None, [])
    assert str(settings.DATA_DIR) not in str(response.body)


def test_status_shows_connections(anonymous: Caller, site: Registry) -> None:
    connections.install(lambda: ConnectionMetrics(open=95, limit=100, evicted=3, refused=2))
    try:
        body = anonymous("GET", "/status/").body
    finally:
        connections.install(None)
    assert body["connections"] == {"open": 95, "limit": 100, "evicted": 3, "refused": 2}
    assert body["warnings"] == ["There are nearly as many connections as this process may have. See connections."]


def test_status_warns_about_missing_session_parts(anonymous: Caller, site: Registry) -> None:
    class Lacks(FakeSession):
        def check(self) -> Health:
            return Health(connected=True, message="Sessions have no REANA extension.", advice="See /root.")

    site.job_types.add("jupyter_lab", Lacks.build("jupyter_lab"))
    registry.install(site, registry.site())
    response = anonymous("GET", "/status/")
    assert (response.status, response.body["warnings"]) == (200, ["Sessions have no REANA extension."])
    assert "/root" not in str(response.body)


def test_the_status_is_503_when_a_main_dependency_is_down(anonymous: Caller, site: Registry) -> None:
    site.resources.add("other", ResourceThatIsSilent.build("other"))
    assert anonymous("GET", "/status").status == 200
    again = Registry()
    again.user_authentications, again.storages = site.user_authentications, site.storages
    again.resources.add("local", ResourceThatIsSilent.build("local"))
    registry.install(again, registry.site())
    response = anonymous("GET", "/status")
    assert (response.status, response.message) == (503, "A main dependency is down.")
    assert response.body["dependencies"]["resource.local"]["connected"] is False


def test_dependency_checks_are_cached(anonymous: Caller, site: Registry) -> None:
    for _ in range(5):
        anonymous("GET", "/status")
    assert site.resources.get("local").calls["check"] == 1  # type: ignore[attr-defined]  # it is a fake


KEYS = (
    "name", "description", "default_job_type", "workspace_details", "job_type", "job_details", "resource_options",
    "resource", "client_token", "user_info", "auth_token",
)  # fmt: skip
BODIES: list[bytes] = [
    b"", b" ", b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b'{"name": "\xff"}', b'{"name": NaN}',
    b'{"name": 1e400}', b'{"name": "\\ud800"}', b"[" * 100_000, b'{"a":' * 900 + b"1" + b"}" * 900,
    b'{"name": ' + b"[" * 900 + b"]" * 900 + b"}", b'{"name": "x", "name": "y"}', b"a=b&c=d",
    orjson.dumps({"name": {"$ne": None}}), orjson.dumps({key: [[["x"]]] for key in KEYS}),
    orjson.dumps(dict.fromkeys(("name", "description", "job_type", "resource"), "\0" * 5000)),
    orjson.dumps({"job_type": "local_test", "job_details": {"x": 2**63}, "resource_options": {"num_cpus": 2**63}}),
    b'{"job_type": "local_test", "resource_options": {"num_cpus": ' + b"[" * 800 + b"]" * 800 + b"}}",
    b'{"job_type": "local_test", "resource_options": {"num_cpus": ' + b"9" * 400 + b"}}",
    b'{"job_type": "local_test", "job_details": {"x": 123456789012345678901234567890}}',
]  # fmt: skip
TYPES = ["application/json", "application/x-www-form-urlencoded", "text/plain", "", "application/json; charset=bogus",
         "multipart/form-data; boundary=x", "\u00e9"]  # fmt: skip


@pytest.mark.once
@pytest.mark.slow
@pytest.mark.parametrize("route", [route for route, _ in ROUTES])
def test_invalid_bodies_are_refused(ada: Caller, workspace: Workspace, route: str) -> None:
    """The caller itself fails on status 5xx and on responses that are not JSON."""
    path = route.replace("<number:workspace_id>", str(workspace.pk)).replace("<number:job_id>", "1")
    path = path.replace("<str:verb>", "stop")
    for body in BODIES:
        for method in ("POST", "PUT"):
            ada(method, f"/{path}/", body)
    for content_type in TYPES:
        for method in ("POST", "PUT"):
            ada(method, f"/{path}", b'{"name": "x"}', content_type=content_type)
    assert ada("GET", "/jobs/").status == 200
    assert ada("GET", "/workspaces/").status == 200


def test_body_is_json_for_any_content_type(ada: Caller) -> None:
    body = orjson.dumps({"name": "x", "description": ""})
    for content_type in TYPES:
        if not content_type.startswith("multipart"):
            assert ada("POST", "/workspaces/", body, content_type=content_type).status == 200, content_type


def test_a_body_that_is_too_large_is_refused(ada: Caller, settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    body = orjson.dumps({"name": "x", "description": "y" * 1000})
    response = ada("POST", "/workspaces/", body)
    assert (response.status, response.message) == (413, "The request is too large.")


def test_exception_is_reported_with_its_request_id_only(
    ada: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def bug(*_: object, **__: object) -> object:
        raise RuntimeError("the password is swordfish")

    monkeypatch.setattr("user_workspaces.api.jobs.raw_page", bug)
    raw = Client(raise_request_exception=False).get("/jobs/", headers={"UWS-Authorization": ada.token})
    body = orjson.loads(raw.content)
    assert (raw.status_code, body["success"]) == (500, False)
    request_id = body["message"].removeprefix("Internal server error. Mention request ").split()[0]
    assert body["message"] == f"Internal server error. Mention request {request_id} when contacting the administrators."
    assert request_id in caplog.text
    assert "swordfish" in caplog.text


def test_cors_allows_configured_origins_only(ada: Caller, settings: Any) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://portal.example.org"]
    for origin, allowed in (("https://portal.example.org", True), ("https://evil.example.org", False)):
        response = ada("GET", "/jobs/", headers={"Origin": origin})
        assert (response.headers.get("Access-Control-Allow-Origin") == origin) is allowed
        assert "Access-Control-Allow-Credentials" not in response.headers


@pytest.mark.parametrize("name", ["uws-authorization", "content-type", "x-requested-with", "x-csrftoken"])
def test_cors_allows_headers_of_libraries(ada: Caller, settings: Any, name: str) -> None:
    settings.CORS_ALLOWED_ORIGINS = ["https://portal.example.org"]
    asked = {"Origin": "https://portal.example.org", "Access-Control-Request-Method": "PUT"}
    response = Client().options("/workspaces/1/", headers={**asked, "Access-Control-Request-Headers": name})
    assert name in response.headers["Access-Control-Allow-Headers"].split(", ")
