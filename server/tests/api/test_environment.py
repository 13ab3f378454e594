"""`/workspaces/{id}/environment/`: overview, preparation, reset and lock."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from api.conftest import Caller
from base_environments import base_environment
from user_workspaces.environments.models import PreparedEnvironment
from user_workspaces.registry import Registry
from user_workspaces.transfers.slots import MOST_AT_ONCE, TransferSlot
from user_workspaces.workspaces.actions import upload_file
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
RECORD = ".environment/base/python3.11/lib/python3.11/site-packages/crab-1.0.dist-info/RECORD"


@pytest.fixture(autouse=True)
def base(site: Registry, tmp_path: Path, settings: Any) -> Iterator[Path]:
    """A base with one package, and an environment store."""
    with base_environment(site, tmp_path, settings) as base:
        yield base


def put(workspace: Workspace, path: str, content: str) -> None:
    upload_file(workspace=workspace, path=path, chunks=[content.encode()], now=timezone.now())


def shown(ada: Caller, workspace: Workspace) -> dict[str, Any]:
    response = ada("GET", f"/workspaces/{workspace.pk}/environment/")
    assert (response.status, response.message) == (200, "Successful.")
    environment: dict[str, Any] = response.body["data"]["environment"]
    return environment


def test_environment_of_a_new_workspace_is_the_base(ada: Caller, workspace: Workspace) -> None:
    assert shown(ada, workspace) == {
        "base": {"name": "JupyterLab", "python": "3.11", "modules": []},
        "packages": [{"name": "jupyterlab", "version": "4.5.0", "origin": "site", "size": None}],
        "specification_files": [],
        "preparation": {
            "status": "none",
            "file": None,
            "message": "",
            "file_has_changed": False,
            "is_outdated": False,
            "requirements": 0,
            "log": "",
            "job_id": None,
            "datetime_requested": None,
            "datetime_ended": None,
        },
        "overlay_size": 0,
    }


def test_packages_of_the_user_are_shown_with_their_size(ada: Caller, workspace: Workspace) -> None:
    put(workspace, RECORD, "crab.py,,7\n")
    environment = shown(ada, workspace)
    assert environment["packages"][0] == {"name": "crab", "version": "1.0", "origin": "installed", "size": 7}
    assert environment["overlay_size"] == len("crab.py,,7\n")


def test_oversized_sizes_are_omitted(ada: Caller, workspace: Workspace) -> None:
    put(workspace, RECORD, "crab.py,,999999999999999\n" * 20_000)
    assert shown(ada, workspace)["packages"][0]["size"] is None


def test_preparation_is_requested_and_shown(ada: Caller, workspace: Workspace) -> None:
    put(workspace, "requirements.txt", "crab\nlobster\n")
    response = ada("POST", f"/workspaces/{workspace.pk}/environment/prepare/", {"file": "requirements.txt"})
    assert (response.status, response.message) == (200, "Waiting for the builder.")
    assert response.body["data"]["preparation"]["status"] == "preparing"
    put(workspace, "requirements.txt", "crab\n")
    environment = shown(ada, workspace)
    assert environment["specification_files"] == ["requirements.txt"]
    found = environment["preparation"]
    assert (found["file"], found["requirements"], found["file_has_changed"]) == ("requirements.txt", 2, True)


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        ({"file": "requirements.txt"}, 404, ""),
        ({"file": "notes.txt"}, 400, "An environment can be prepared from"),
        ({}, 400, "An environment can be prepared from"),
        ({"file": 3}, 400, "file must be a string."),
        (None, 400, "The request has no body"),
    ],
)
def test_invalid_specification_is_refused(
    ada: Caller, workspace: Workspace, body: object, status: int, said: str
) -> None:
    response = ada("POST", f"/workspaces/{workspace.pk}/environment/prepare/", body)
    assert response.status == status
    assert said in response.message
    assert not PreparedEnvironment.objects.exists()


def test_hostile_file_is_refused_line_by_line(ada: Caller, workspace: Workspace) -> None:
    put(workspace, "requirements.txt", "six\n-r /etc/shadow\nfile:///etc/passwd\n")
    response = ada("POST", f"/workspaces/{workspace.pk}/environment/prepare/", {"file": "requirements.txt"})
    assert response.status == 400
    assert [line.partition(":")[0] for line in response.message.splitlines()] == [
        "requirements.txt, line 2",
        "requirements.txt, line 3",
    ]


def test_reset_removes_the_packages_of_the_user(ada: Caller, workspace: Workspace) -> None:
    put(workspace, RECORD, "crab.py,,7\n")
    response = ada("POST", f"/workspaces/{workspace.pk}/environment/reset/")
    assert (response.status, response.message) == (200, "The next launch uses the site's own environment.")
    assert [package["origin"] for package in shown(ada, workspace)["packages"]] == ["site"]


def lock_of(ada: Caller, workspace: Workspace) -> HttpResponse:
    """Return the response with the lock, which is not JSON."""
    headers = {"UWS-Authorization": f"Token {ada.token}"}
    return cast("HttpResponse", Client().get(f"/workspaces/{workspace.pk}/environment/lock/", headers=headers))


def test_lock_is_plain_text(ada: Caller, workspace: Workspace) -> None:
    put(workspace, RECORD, "crab.py,,7\n")
    response = lock_of(ada, workspace)
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="environment.lock"'
    assert response.content.decode().endswith("\ncrab==1.0\njupyterlab==4.5.0\n")


def test_package_from_a_file_is_a_comment_in_the_lock(ada: Caller, workspace: Workspace) -> None:
    packages = RECORD.rpartition("/crab")[0]
    for number in range(302):
        put(workspace, f"{packages}/p{number}-1.0.dist-info/direct_url.json", "{}")
    lines = lock_of(ada, workspace).content.decode().splitlines()
    assert sum(line.endswith("==1.0 is not of the index") for line in lines) == 302
    assert [line for line in lines if not line.startswith("#")] == ["jupyterlab==4.5.0"]


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("GET", "lock/"), ("POST", "prepare/"), ("POST", "reset/")])
def test_environment_reads_are_limited_per_user(ada: Caller, workspace: Workspace, method: str, path: str) -> None:
    turns = [TransferSlot(workspace.owner_id) for _ in range(MOST_AT_ONCE)]
    try:
        assert ada(method, f"/workspaces/{workspace.pk}/environment/{path}", {}).status == 429
    finally:
        for turn in turns:
            turn.end()
