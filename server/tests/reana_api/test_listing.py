"""The list and new runs: fields, pages, filters and refusals as REANA 0.9.4 has them."""

import json
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from reana_api.conftest import Reana
from runs import created, queued, specification
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db


def names(reana: Reana, **query: Any) -> list[str]:
    return [one["name"] for one in reana("GET", "workflows", **query).body["items"]]


def test_create(ada: Reana) -> None:
    answer = ada("POST", "workflows", specification(), workflow_name="api-made")
    run = Run.objects.get()
    assert (answer.status, answer.body) == (
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
def test_what_cannot_be_created_leaves_nothing(
    ada: Reana, name: str, document: object, status: int, message: str | None
) -> None:
    answer = ada("POST", "workflows", document, workflow_name=name)
    assert answer.status == status
    assert message is None or answer.body["message"] == message
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
def test_malformed_questions(ada: Reana, query: dict[str, str], message: str) -> None:
    answer = ada("GET", "workflows", **query)
    assert (answer.status, answer.body) == (400, {"message": message})


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


def test_a_page_takes_as_many_queries_with_ten_thousand_runs_as_with_one(
    ada: Reana, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    assert ada.user
    one, now = created(ada.user), timezone.now()
    query = {"type": "batch", "size": 50, "include_progress": "true", "include_workspace_size": "true"}
    ada("GET", "workflows")  # the first use of a token is noted
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
        answer = ada("GET", "workflows", **query)
    assert answer.body["total"] == 10_001
    assert len(answer.body["items"]) == 50
    assert json.loads(answer.content)["items"][0]["progress"]["finished"] == {"total": 1, "job_ids": ["a"]}
