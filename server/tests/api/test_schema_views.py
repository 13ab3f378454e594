"""The schema of the API: complete, committed, and shown without external scripts."""

import re
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml
from django.test import Client

from api.conformance import check
from user_workspaces.api.openapi import ALWAYS
from user_workspaces.api.schema_views import as_yaml, describe_api
from user_workspaces.api.urls import ROUTES
from user_workspaces.interfaces.settings import Branding

pytestmark = pytest.mark.slow

COMMITTED = Path(__file__).resolve().parents[3] / "user-workspaces-spec.yaml"
METHODS = ("get", "post", "put", "patch", "delete")
PAGES = ("/schema", "/docs/swagger", "/docs/redoc")


def operation_ids(described: dict[str, Any]) -> list[str]:
    return [one["operationId"] for operations in described["paths"].values() for one in operations.values()]


def test_every_method_of_every_route_is_documented() -> None:
    documented = operation_ids(describe_api(ROUTES))
    missing = [
        f"{method.upper()} /{route}/: put @describe(...) of api/openapi.py above {view.__name__}.{method}, "
        "then `make spec`"
        for route, view in ROUTES
        for method in METHODS
        if hasattr(view, method) and f"{view.__name__}{method.capitalize()}" not in documented
    ]
    assert not missing, "not documented:\n" + "\n".join(missing)


def test_committed_schema_is_current() -> None:
    assert COMMITTED.read_bytes() == as_yaml(describe_api(ROUTES)), "the API has changed: run `make spec`"


def test_schema_generator_has_no_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    """The generator prints a warning where it has to guess."""
    describe_api(ROUTES)
    assert capsys.readouterr() == ("", "")


def test_every_operation_documents_its_errors() -> None:
    described = describe_api(ROUTES)
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            codes = {int(code) for code in operation["responses"]}
            assert codes >= set(ALWAYS), (method, path)
            assert (401 in codes) is (operation.get("security", [{}]) != [{}] or path == "/tokens/")
            assert (404 in codes) is ("_id}" in path or (method, path) == ("post", "/shared_workspaces/"))
            assert operation["summary"]


def test_every_tag_is_described_and_used() -> None:
    described = describe_api(ROUTES)
    used = {tag for operations in described["paths"].values() for one in operations.values() for tag in one["tags"]}
    assert {tag["name"] for tag in described["tags"]} == used
    assert all(tag["description"] for tag in described["tags"])


def test_schema_without_settings_is_the_same_everywhere() -> None:
    described = describe_api(ROUTES)
    assert described["servers"] == [{"url": "/", "description": "This server."}]
    assert {"contact", "termsOfService"} & set(described["info"]) == set()


def test_schema_has_url_and_contact_of_the_site() -> None:
    own = Branding(name="Institute", contact="help@example.org", terms="Be kind.")
    described = describe_api(ROUTES, branding=own, public_url="https://uws.example.org")
    assert described["servers"][0]["url"] == "https://uws.example.org"
    assert described["info"]["contact"] == {"name": "Institute", "email": "help@example.org"}
    assert described["info"]["termsOfService"] == "https://uws.example.org/site/terms/"
    by_page = describe_api(ROUTES, branding=Branding(contact="https://example.org/help"))
    assert by_page["info"]["contact"] == {"url": "https://example.org/help"}


def test_references_exist() -> None:
    described = describe_api(ROUTES)
    references = set(re.findall(r'"#/components/(\w+)/([\w-]+)"', orjson.dumps(described).decode()))
    there = {(kind, name) for kind, named in described["components"].items() for name in named}
    assert references <= there


def test_operation_ids_are_unique() -> None:
    names = operation_ids(describe_api(ROUTES))
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    ("query", "accept", "media_type"),
    [
        ("", "", "application/yaml"),
        ("", "text/html,*/*", "application/yaml"),
        ("", "application/json", "application/json"),
        ("?format=json", "", "application/json"),
        ("?format=yaml", "application/json", "application/yaml"),
        ("?format=%00", "", "application/yaml"),
    ],
)
@pytest.mark.parametrize("path", ["/schema", "/schema/"])
def test_schema_is_public(path: str, query: str, accept: str, media_type: str) -> None:
    response = Client().get(path + query, headers={"Accept": accept})
    assert (response.status_code, response["Content-Type"]) == (200, media_type)
    read: Any = orjson.loads if media_type == "application/json" else read_yaml
    assert read(response.content) == read_yaml(COMMITTED.read_bytes())


def read_yaml(text: bytes) -> object:
    """Parse YAML with libyaml if available, which takes a tenth of the time."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize("path", PAGES)
def test_pages_are_read_only(path: str, method: str) -> None:
    response = Client().generic(method, f"{path}/")
    assert (response.status_code, orjson.loads(response.content)["success"]) == (405, False)


@pytest.mark.parametrize("path", PAGES[1:])
def test_pages_load_own_scripts_only(path: str) -> None:
    response = Client().get(path)
    policy = response["Content-Security-Policy"]
    assert response.status_code == 200
    assert "script-src 'self';" in f"{policy};"
    assert "unsafe-eval" not in policy
    assert ("'unsafe-inline'" in policy) is (path == "/docs/redoc")
    assert b"//" not in response.content.replace(b"<!-- ", b"")
    assert all(b"src=" in script[:60] for script in response.content.split(b"<script")[1:])


def test_other_pages_keep_their_policy() -> None:
    assert "unsafe-inline" not in Client().get("/login/")["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (418, {"success": False, "message": ""}),
        (200, {"success": True, "message": ""}),
        (404, {"success": False}),
        (404, {"success": False, "message": "", "secret": 1}),
        (200, {"success": True, "message": "", "data": {"jobs": [{}], "total": 1, "next": None, "previous": None}}),
    ],
)
def test_undocumented_response_fails(status: int, body: object) -> None:
    """Tests the check that all tests of the API use."""
    with pytest.raises(AssertionError):
        check("GET", "/jobs/1/", status, body)
