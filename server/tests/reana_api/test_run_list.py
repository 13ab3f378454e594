"""Listing and creating runs: fields, pages, filters and errors as in REANA 0.9.4."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from reana_api.conftest import Reana
from support.runs import created, queued, specification
from user_workspaces.jobs.models import Job
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db, pytest.mark.postgresql]


def names(reana: Reana, **query: Any) -> list[str]:
    return [one["name"] for one in reana("GET", "workflows", **query).body["items"]]


def test_create(ada: Reana) -> None:
    response = ada("POST", "workflows", specification(), workflow_name="api-made")
    run = Run.objects.get()
    assert (response.status, response.body) == (
        201,
        {"message": "Workflow workspace created", "workflow_id": str(run.pk), "workflow_name": "api-made.1"},
    )
    again = ada("POST", "workflows", specification(), workflow_name="api-made")
    assert again.body["workflow_name"] == "api-made.2"
    assert ada("POST", "workflows", specification()).body["workflow_name"] == "workflow.1"


@pytest.mark.parametrize(
    ("name", "document", "status", "message"),
    [
        ("a.b", specification(), 403, 'Workflow name a.b contains illegal character "."'),
        ("bad", {"workflow": {}}, 400, "'type'"),
        ("5f0f2c5e-8d3a-4b57-9a5c-6a2b1c0d9e77", specification(), 400, "Workflow name cannot be a valid UUIDv4."),
        ("a/b", specification(), 400, None),
        ("x" * 201, specification(), 400, None),
        ("a\0b", specification(), 400, None),
        ("x", [], 400, None),
        ("x", None, 400, None),
        ("x", "text", 400, None),
        ("x", b"{", 400, "Malformed request."),
    ],
)
def test_rejected_creation_leaves_nothing(
    ada: Reana, name: str, document: object, status: int, message: str | None
) -> None:
    response = ada("POST", "workflows", document, workflow_name=name)
    assert response.status == status
    assert message is None or response.body["message"] == message
    assert not Run.objects.exists()
    assert not Workspace.objects.exists()


def test_fields_of_an_item(ada: Reana) -> None:
    assert ada.user
    run = created(ada.user)
    plain = ada("GET", "workflows", type="batch").body
    assert plain == {
        "items": [
            {
                "id": str(run.pk),
                "name": "hello.1",
                "status": "created",
                "created": run.datetime_created.strftime("%Y-%m-%dT%H:%M:%S"),
                "user": plain["items"][0]["user"],
                "launcher_url": None,
                "size": {"raw": -1, "human_readable": ""},
                "progress": {"run_started_at": None, "run_finished_at": None, "run_stopped_at": None},
            }
        ],
        "page": 1,
        "total": 1,
        "has_next": False,
        "has_prev": False,
        "user_has_workflows": True,
    }
    Workspace.objects.update(disk_space=4096)
    (verbose,) = ada("GET", "workflows", type="batch", verbose="true").body["items"]
    assert verbose["size"] == {"raw": 4096, "human_readable": "4 KiB"}
    assert verbose["progress"] == {
        "run_started_at": None,
        "run_finished_at": None,
        "run_stopped_at": None,
        "total": {"total": 0, "job_ids": []},
        "running": {"total": 0, "job_ids": []},
        "finished": {"total": 0, "job_ids": []},
        "failed": {"total": 0, "job_ids": []},
        "current_command": None,
        "current_step_name": None,
    }


def test_pages(ada: Reana) -> None:
    assert ada.user
    for number in range(5):
        created(ada.user, f"run-{number}")
    first = ada("GET", "workflows", size=2).body
    assert [first[key] for key in ("page", "size", "total", "from_idx", "to_idx", "has_next", "has_prev")] == [
        *(1, 2, 5, 0, 2, True, False)
    ]
    assert first["links"] == {"self": {"page": 1}, "next": {"page": 2}}
    assert names(ada, size=2, page=3) == ["run-0.1"]
    beyond = ada("GET", "workflows", size=2, page=99).body
    assert {key: beyond[key] for key in ("from_idx", "to_idx", "items", "has_next", "has_prev", "links")} == {
        "from_idx": 196,
        "to_idx": 198,
        "items": [],
        "has_next": False,
        "has_prev": True,
        "links": {"self": {"page": 99}, "next": {"page": 100}, "prev": {"page": 98}},
    }


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"page": "0"}, "Field 'page': Must be at least 1."),
        ({"size": "-1"}, "Field 'size': Must be at least 1."),
        ({"size": "x"}, "Field 'size': Not a valid integer."),
        ({"search": "hel"}, "Malformed request."),
        ({"search": "[]"}, "Malformed request."),
        ({"search": '{"name": "hel"}'}, "Malformed request."),
        ({"search": '{"name": [1]}'}, "Malformed request."),
        ({"status": "all"}, "Malformed request."),
    ],
)
def test_malformed_queries_are_rejected(ada: Reana, query: dict[str, str], message: str) -> None:
    response = ada("GET", "workflows", **query)
    assert (response.status, response.body) == (400, {"message": message})


def test_filters_and_sorting(ada: Reana) -> None:
    assert ada.user
    first, _ = created(ada.user, "hello"), queued(ada.user, "help")
    created(ada.user, "other")
    assert names(ada) == ["other.1", "help.1", "hello.1"]
    assert names(ada, sort="asc") == ["hello.1", "help.1", "other.1"]
    assert names(ada, sort="nonsense") == ["other.1", "help.1", "hello.1"]
    assert names(ada, search='{"name": ["hel"]}') == ["help.1", "hello.1"]
    assert names(ada, search='{"name": ["lo", "oth"]}') == ["other.1", "hello.1"]
    assert names(ada, status=["queued", "running"]) == ["help.1"]
    assert names(ada, status="created,queued", search='{"name": ["help"]}') == ["help.1"]
    assert names(ada, workflow_id_or_name=str(first.pk)) == ["hello.1"]
    assert names(ada, workflow_id_or_name="hello") == ["hello.1"]
    assert names(ada, workflow_id_or_name="hello.1") == []
    assert names(ada, type="nonsense") == ["other.1", "help.1", "hello.1"]
    assert ada("GET", "workflows", type="interactive").body["items"] == []
    Workspace.objects.filter(pk=first.workspace_id).update(disk_space=10**9)
    assert names(ada, sort="disk-desc")[0] == "hello.1"
    assert len(names(ada, sort="cpu-desc")) == 3


@pytest.mark.parametrize(
    ("query", "listed"),
    [
        ({"shared": "true"}, 1),
        ({"shared": "true", "shared_with": "nobody"}, 1),
        ({"shared_with": "nobody"}, 1),
        ({"shared_with": "anybody"}, 0),
        ({"shared_with": "joe@example.org"}, 0),
        ({"shared_by": "anybody"}, 0),
        ({"shared_by": "joe@example.org", "workflow_id_or_name": "hello"}, 0),
        ({"shared_by": "joe@example.org", "type": "interactive"}, 0),
    ],
)
def test_runs_are_never_shared(ada: Reana, query: dict[str, str], listed: int) -> None:
    """Filters of newer clients are honored: ignoring one would list runs that were not requested."""
    assert ada.user
    created(ada.user)
    response = ada("GET", "workflows", **query)
    assert (response.status, len(response.body["items"]), response.body["total"]) == (200, listed, listed)


@pytest.mark.slow
def test_page_takes_same_queries_for_ten_thousand_runs(
    ada: Reana, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert ada.user
    one, now = created(ada.user), timezone.now()
    query = {"type": "batch", "size": 50, "include_progress": "true", "include_workspace_size": "true"}
    ada("GET", "workflows")  # the first use of a token is recorded
    with django_assert_num_queries(3):
        ada("GET", "workflows", **query)
    progress = {"total": 2, "running": ["a", "b"], "finished": ["a"], "failed": []}
    Run.objects.bulk_create(
        Run(
            owner=ada.user,
            name=f"run-{number}",
            major=1,
            workspace_id=one.workspace_id,
            storage=one.storage,
            specification=one.specification,
            resource="local",
            progress=progress,
            datetime_created=now,
        )
        for number in range(10_000)
    )
    with django_assert_num_queries(3):
        response = ada("GET", "workflows", **query)
    assert response.body["total"] == 10_001
    assert len(response.body["items"]) == 50
    assert json.loads(response.content)["items"][0]["progress"]["finished"] == {"total": 1, "job_ids": ["a"]}


@pytest.mark.parametrize(
    ("query", "queries"),
    [
        ({}, 2),
        ({"size": 50}, 2),
        ({"verbose": "true", "size": 2}, 3),
        ({"type": "interactive"}, 3),
        ({"sort": "cpu-desc", "size": 50}, 4),
    ],
)
def test_list_takes_same_queries_for_one_and_three_runs(
    ada: Reana, django_assert_num_queries: DjangoAssertNumQueries, query: dict[str, Any], queries: int
) -> None:
    """One query for the token, one for the page and the total, and one for each other table."""
    assert ada.user
    ada("GET", "workflows")  # the first use of a token is recorded
    with_session(created(ada.user))
    with django_assert_num_queries(queries):
        assert len(ada("GET", "workflows", **query).body["items"]) == 1
    for _ in range(2):
        with_session(created(ada.user))
    with django_assert_num_queries(queries):
        assert len(ada("GET", "workflows", **query).body["items"]) == min(3, query.get("size", 3))


def with_session(run: Run) -> None:
    """Open a running session in the workspace of a run."""
    own = {"owner_id": run.owner_id, "workspace_id": run.workspace_id, "job_type": "jupyter_lab", "resource": "local"}
    job = Job.objects.create(**own, status="running", datetime_created=timezone.now())
    Run.objects.filter(pk=run.pk).update(session=job)


def test_sessions_are_listed_with_their_status(ada: Reana) -> None:
    assert ada.user
    runs = [created(ada.user, "hello") for _ in range(3)]
    for run in runs[1:]:
        with_session(run)
    Job.objects.filter(session_of=runs[2]).update(status="pending")
    found = ada("GET", "workflows", type="interactive").body["items"]
    assert [(one["name"], one["session_status"]) for one in found] == [("hello.3", "created"), ("hello.2", "running")]
    assert found[0]["session_uri"] == f"/api/workflows/{runs[2].pk}/session"


def test_run_without_workspace_is_listed_without_size(ada: Reana) -> None:
    assert ada.user
    first, second = created(ada.user, "hello"), created(ada.user, "hello")
    Workspace.objects.filter(pk=first.workspace_id).delete()
    Workspace.objects.filter(pk=second.workspace_id).update(disk_space=2048)
    found = ada("GET", "workflows", include_workspace_size="true").body["items"]
    assert [(one["id"], one["size"]["raw"]) for one in found] == [(str(second.pk), 2048), (str(first.pk), -1)]


@pytest.mark.parametrize("sort", ["desc", "asc", "disk-desc", "cpu-desc"])
def test_pages_together_are_the_list(ada: Reana, sort: str) -> None:
    assert ada.user
    for number in range(5):
        run = created(ada.user, f"hello{number}")
        Workspace.objects.filter(pk=run.workspace_id).update(disk_space=number % 3)
    whole = names(ada, sort=sort)
    assert len(set(whole)) == 5
    assert [name for page in (1, 2, 3) for name in names(ada, sort=sort, size=2, page=page)] == whole
    beyond = ada("GET", "workflows", sort=sort, size=2, page=4).body
    assert (beyond["items"], beyond["total"], beyond["has_next"]) == ([], 5, False)
    assert ada("GET", "workflows", sort=sort, page=2).body["items"] == []


@pytest.mark.parametrize("microsecond", [0, 1, 500_000, 999_999])
def test_times_have_seconds(ada: Reana, microsecond: int) -> None:
    assert ada.user
    at = datetime(2026, 2, 28, 23, 59, 59, microsecond, tzinfo=UTC)
    Run.objects.filter(pk=created(ada.user).pk).update(datetime_created=at, datetime_started=at)
    (found,) = ada("GET", "workflows").body["items"]
    assert (found["created"], found["progress"]["run_started_at"]) == ("2026-02-28T23:59:59", "2026-02-28T23:59:59")
    assert found["progress"]["run_finished_at"] is None
