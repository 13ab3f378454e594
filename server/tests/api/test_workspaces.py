"""`/workspaces/`: creating, reading, updating, launching and deleting, with the messages of the contract."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from api.conftest import Caller, content, launch
from user_workspaces.controller.housekeeping import process_due_workspaces
from user_workspaces.jobs.models import Job
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
Make = Callable[..., Workspace]
NEW = {"name": "cell atlas", "description": ""}


def test_a_workspace_is_created_with_its_files(ada: Caller) -> None:
    details = {"files": [{"name": "/notes/a..b.txt", "content": "hello"}, {"name": "empty"}]}
    response = ada("POST", "/workspaces/", {**NEW, "workspace_details": details, "default_job_type": "jupyter_lab"})
    assert (response.status, response.message) == (200, "Successful.")
    workspace, data = Workspace.objects.get(), response.body["data"]
    shown = data.pop("workspace")
    assert shown == data
    assert shown == ada("GET", f"/workspaces/{workspace.pk}/").body["data"]["workspaces"][0]
    times = {name: shown.pop(name) for name in ("datetime_created", "datetime_last_modified")}
    assert all(time.endswith("+00:00") for time in times.values())
    assert shown == {
        "id": workspace.pk,
        "name": "cell atlas",
        "description": "",
        "disk_space": 0,
        "datetime_last_job_launch": None,
        "workspace_details": {
            "request_workspace_details": {"files": [{"name": "notes/a..b.txt"}, {"name": "empty"}], "symlinks": []},
            "current_workspace_details": {"files": [], "symlinks": []},
        },
        "status": "idle",
        "default_job_type": "jupyter_lab",
    }
    assert content(workspace, "notes/a..b.txt") == b"hello"


def test_content_is_listed_after_a_measurement(ada: Caller) -> None:
    details = {"files": [{"name": name, "content": "x"} for name in ("b", "a/c", ".hidden", "a/.git/x")]}
    number = ada("POST", "/workspaces", {**NEW, "workspace_details": details}).body["data"]["id"]
    process_due_workspaces(now=timezone.now())
    shown = ada("GET", f"/workspaces/{number}").body["data"]["workspaces"][0]
    current = shown["workspace_details"]["current_workspace_details"]
    assert current == {"files": [{"name": "/a/c"}, {"name": "/b"}], "symlinks": []}
    assert shown["disk_space"] > 0


DETAILS: list[tuple[Any, str]] = [
    ("x", "Workspace details not JSON."),
    ([], "Workspace details not JSON."),
    (5, "Workspace details not JSON."),
    ({"files": {}}, "'files' index must contain a list."),
    ({"files": "a"}, "'files' index must contain a list."),
    ({"symlinks": {"name": "a"}}, "'symlinks' index must contain a list."),
    ({"files": ["a"]}, "Each entry of 'files' must be an object with a name."),
    ({"files": [{"content": "a"}]}, "File name missing."),
    ({"files": [{"name": None}]}, "File name missing."),
    ({"files": [{"name": "//"}]}, "File name missing."),
    ({"files": [{"name": "a", "content": 5}]}, "The content of a file must be a string."),
    ({"files": [{"name": "../a"}]}, "File name cannot contain double dots."),
    ({"files": [{"name": "a/.."}]}, "File name cannot contain double dots."),
    ({"files": [{"name": "a\\..\\b"}]}, "File name cannot contain double dots."),
    ({"files": [{"name": "a\0b"}]}, "File name cannot contain a NUL character."),
    ({"symlinks": [{"name": "../a", "path": "/x"}]}, "Symlink name cannot contain double dots."),
    ({"symlinks": [{"name": "a"}]}, "Each entry of 'symlinks' must be an object with a name and a path."),
    ({"symlinks": [{"name": "a", "path": "/x\0"}]}, "The symlink path is not a valid path."),
    ({"symlinks": [{"name": "a", "path": "/etc"}]}, "Symlink path not found: /etc"),
    ({"symlinks": [{"name": "a", "source_path": "/no"}]}, "Symlink path not found: /no"),
]


@pytest.mark.parametrize(("details", "message"), DETAILS)
def test_invalid_details_are_refused_and_leave_nothing(
    ada: Caller, workspace: Workspace, details: object, message: str
) -> None:
    created = ada("POST", "/workspaces/", {**NEW, "workspace_details": details})
    changed = ada("PUT", f"/workspaces/{workspace.pk}/", {"name": "other", "workspace_details": details})
    assert (created.status, created.message) == (400, message)
    assert (changed.status, changed.message) == (400, message)
    assert list(Workspace.objects.values_list("name", flat=True)) == ["cell-atlas"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Missing required fields."),
        ({"name": "x"}, "Missing required fields."),
        ({"description": "x"}, "Missing required fields."),
        ({"name": "", "description": ""}, "Missing required fields."),
        ({"name": None, "description": ""}, "Missing required fields."),
        ({"name": " \t", "description": ""}, "Missing required fields."),
        ({"name": ["x"], "description": ""}, "name must be a string."),
        ({"name": "x", "description": {}}, "description must be a string."),
        ({**NEW, "default_job_type": "rocket"}, "rocket is not in the list of available job types."),
        ({**NEW, "default_job_type": 5}, "default_job_type must be a string."),
        ({**NEW, "name": "x" * 5000}, "The name has more than 255 characters or contains a NUL character."),
        ({**NEW, "name": "\0"}, "The name has more than 255 characters or contains a NUL character."),
        ({**NEW, "description": "\0"}, "The description has more than 10000 characters or contains a NUL character."),
    ],
)
def test_invalid_workspace_is_refused(ada: Caller, body: object, message: str) -> None:
    response = ada("POST", "/workspaces/", body)
    assert (response.status, response.message) == (400, message)
    assert not Workspace.objects.exists()


@pytest.mark.parametrize("name", ["x" * 5000, "a/" + "x" * 256])
def test_invalid_file_name_is_refused(ada: Caller, name: str) -> None:
    assert ada("POST", "/workspaces/", {**NEW, "workspace_details": {"files": [{"name": name}]}}).status == 400
    assert not Workspace.objects.exists()


def test_empty_default_job_type_is_null(ada: Caller) -> None:
    assert ada("POST", "/workspaces/", {**NEW, "default_job_type": ""}).body["data"]["default_job_type"] is None


def test_filters_are_exact(ada: Caller, workspace: Workspace) -> None:
    for query, total in (
        ("name=cell-atlas", 1), ("name=cell", 0), ("status=idle", 1), ("status=bogus", 0), ("description=", 1),
        ("name=%00", 0), ("name=" + "x" * 5000, 0), ("name=cell-atlas&status=active", 0), ("name=%ff", 0),
    ):  # fmt: skip
        response = ada("GET", f"/workspaces/?{query}")
        assert response.body["data"]["total"] == total, query
        assert response.message == (
            "Successful." if total else "Workspace matching given parameters could not be found."
        )


def test_pagination(ada: Caller, workspace_of: Make) -> None:
    numbers = [workspace_of(ada.user, str(number)).pk for number in range(5)][::-1]
    first = ada("GET", "/workspaces/?limit=2").body["data"]
    assert [one["id"] for one in first["workspaces"]] == numbers[:2]
    assert (first["total"], first["previous"]) == (5, None)
    second = ada("GET", first["next"]).body["data"]
    assert [one["id"] for one in second["workspaces"]] == numbers[2:4]
    third = ada("GET", second["next"]).body["data"]
    assert ([one["id"] for one in third["workspaces"]], third["next"]) == (numbers[4:], None)
    assert ada("GET", third["previous"]).body["data"] == second
    assert [one["id"] for one in ada("GET", "/workspaces/?offset=3").body["data"]["workspaces"]] == numbers[3:]
    beyond = ada("GET", f"/workspaces/?limit={'9' * 18}&offset={'9' * 18}")
    assert (beyond.body["data"]["workspaces"], beyond.message) == ([], "Successful.")
    assert ada("GET", "/workspaces/?limit=0").body["data"]["next"] is None


@pytest.mark.parametrize("query", ["limit=-1", "limit=x", "offset=-5", "offset=", "limit=1e3", f"limit={'9' * 19}"])
@pytest.mark.parametrize("path", ["workspaces", "jobs", "users"])
def test_invalid_pages_are_refused(ada: Caller, path: str, query: str) -> None:
    response = ada("GET", f"/{path}/?{query}")
    assert (response.status, response.message) == (400, f"{query.split('=', maxsplit=1)[0]} must be a number.")


def test_list_needs_the_same_queries_for_one_and_three(ada: Caller, workspace_of: Make) -> None:
    counts = []
    for more in (1, 2):
        for number in range(more):
            launch(workspace_of(ada.user, f"{more}-{number}"))
        for path in ("/workspaces/", "/jobs/", "/workspaces/?limit=3", "/jobs/?limit=3", "/users/"):
            ada("GET", path)
            with CaptureQueriesContext(connection) as queries:
                ada("GET", path)
            counts.append((path, len(queries)))
    assert counts[:5] == counts[5:]
    assert dict(counts)["/jobs/"] == 2


def test_update_changes_given_fields_only(ada: Caller, workspace: Workspace) -> None:
    path = f"/workspaces/{workspace.pk}"
    assert ada("PUT", path, {"name": "new", "description": "d"}).message == "Update successful."
    files = {"files": [{"name": "a.txt", "content": "1"}]}
    assert ada("PUT", f"{path}/", {"default_job_type": "local_test", "workspace_details": files}).status == 200
    workspace.refresh_from_db()
    assert (workspace.name, workspace.description, workspace.default_job_type) == ("new", "d", "local_test")
    assert content(workspace, "a.txt") == b"1"
    assert workspace.requested == {"files": [{"name": "a.txt"}], "symlinks": []}


WRONG_TYPE = (
    "Invalid resource options found: [\"num_cpus: Value 'one' of type str does not match required type int. "
    'Skipping further validation of parameter num_cpus."]'
)
OUT_OF_BOUNDS = (
    "Invalid resource options found: [\"memory_mb: Value '1' not above minimum of 1024.\", "
    "\"time_limit_min: Value '1441' above maximum of 1440.\"]"
)


def test_a_job_is_launched(ada: Caller, workspace: Workspace) -> None:
    body = {"job_type": "jupyter_lab", "job_details": {}, "resource_options": {"num_cpus": 2}}
    response = ada("PUT", f"/workspaces/{workspace.pk}/start", body)
    assert (response.status, response.message) == (200, "Successful start.")
    shown = response.body["data"]["job"]
    assert shown == ada("GET", "/jobs/").body["data"]["jobs"][0]
    assert (shown["workspace_id"], shown["status"], shown["resource_job_id"]) == (workspace.pk, "pending", -1)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({}, 400, "Missing job_type and no default job type set on workspace."),
        ({"job_type": None}, 400, "Missing job_type and no default job type set on workspace."),
        ({"job_type": "rocket"}, 400, "rocket is not in the list of available job types."),
        ({"job_type": ["local_test"]}, 400, "job_type must be a string."),
        ({"job_type": "local_test", "job_details": "x"}, 400, "Job details not JSON."),
        ({"job_type": "local_test", "job_details": []}, 400, "Job details not JSON."),
        ({"job_type": "local_test", "job_details": {"a": "\0"}}, 400, "Job details cannot contain a NUL character."),
        ({"job_type": "local_test", "resource_options": []}, 400, "Resource options not JSON."),
        ({"job_type": "local_test", "resource_options": 5}, 400, "Resource options not JSON."),
        ({"job_type": "local_test", "resource": "moon"}, 400, "moon is not in the list of available resources."),
        (
            {"job_type": "local_test", "resource_options": {"num_cpus": "one"}},
            422,
            WRONG_TYPE,
        ),
        (
            {"job_type": "local_test", "resource_options": {"memory_mb": 1, "time_limit_minutes": 1441}},
            422,
            OUT_OF_BOUNDS,
        ),
    ],
)
def test_invalid_launch_is_refused(ada: Caller, workspace: Workspace, body: object, status: int, message: str) -> None:
    response = ada("PUT", f"/workspaces/{workspace.pk}/start/", body)
    assert (response.status, response.message) == (status, message)
    assert not Job.objects.exists()


def test_deletion_is_queued_and_can_be_repeated(ada: Caller, workspace: Workspace) -> None:
    for path in (f"/workspaces/{workspace.pk}/", f"/workspaces/{workspace.pk}"):
        response = ada("DELETE", path)
        assert (response.status, response.message) == (200, f"Workspace {workspace.pk} queued for deletion.")
    assert ada("GET", "/workspaces/").body["data"]["workspaces"][0]["status"] == "deleting"
    assert ada("PUT", f"/workspaces/{workspace.pk}/", {"name": "x"}).status == 400
    process_due_workspaces(now=timezone.now())
    assert ada("DELETE", f"/workspaces/{workspace.pk}/").status == 404


def test_deletion_with_jobs_needs_force(ada: Caller, workspace: Workspace, job: Job) -> None:
    response = ada("DELETE", f"/workspaces/{workspace.pk}/")
    assert (response.status, response.message) == (400, "Cannot delete workspace, jobs are running for this workspace.")
    assert ada("DELETE", f"/workspaces/{workspace.pk}/?force=true").status == 200
    job.refresh_from_db()
    assert job.status == "complete"
