"""One run: start, status, logs, specification, parameters, stop and delete, with REANA's texts."""

import json
import uuid
from dataclasses import replace

import pytest
from django.utils import timezone

from reana_api.conftest import Reana
from support.runs import Runner, controlled, created, queued, specification
from user_workspaces import registry
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle.actions import stop_run
from user_workspaces.workflows.lifecycle.waiting_limit import NEW, QUEUED
from user_workspaces.workflows.models import Run

pytestmark = pytest.mark.django_db


def test_start(ada: Reana) -> None:
    assert ada.user
    run = created(ada.user, pause=1)
    response = ada("POST", "workflows/hello/start", {"input_parameters": {"pause": 5}, "operational_options": {}})
    assert response.status == 200
    assert response.body == {
        "message": "Workflow submitted.",
        "workflow_id": str(run.pk),
        "workflow_name": "hello",
        "run_number": "1",
        "status": "queued",
        "user": response.body["user"],
    }
    again = ada("POST", "workflows/hello/start", {})
    assert (again.status, again.body["message"]) == (
        403,
        "Workflow hello.1 is already queued and cannot be started again.",
    )
    assert ada("GET", "workflows/hello.1/parameters").body == {
        "id": str(run.pk),
        "name": "hello.1",
        "type": "serial",
        "parameters": {"pause": 5},
    }
    assert ada("GET", "workflows/hello/specification").body == {
        "specification": specification(pause=1),
        "parameters": {"pause": 5},
    }


@pytest.mark.parametrize(
    "body",
    [
        {"input_parameters": {"nope": 1}},
        {"input_parameters": []},
        {"operational_options": {"CACHE": "perhaps"}},
        {"operational_options": {"NOPE": 1}},
        {"operational_options": {"TARGET": "nope"}},
        {"input_parameters": {"pause": "a\0b"}},
        [],
        b"{",
    ],
)
def test_invalid_start_is_rejected(ada: Reana, body: object) -> None:
    assert ada.user
    created(ada.user, pause=1)
    assert ada("POST", "workflows/hello/start", body).status == 400
    assert Run.objects.get().status == "created"


def test_status_and_logs_during_and_after_run(ada: Reana, resource: FakeResource) -> None:
    assert ada.user
    run = queued(ada.user)
    controlled()
    runner = Runner(run, resource)
    runner.begin()
    runner.print("so far")
    controlled()
    status = ada("GET", "workflows/hello/status").body
    assert (status["status"], status["name"], status["id"]) == ("running", "hello.1", str(run.pk))
    assert status["progress"]["current_command"] == "true"
    assert status["progress"]["running"] == {"total": 1, "job_ids": [runner.command]}
    assert json.loads(status["logs"])[runner.command]["logs"] == "so far"
    inner = json.loads(ada("GET", "workflows/hello/logs").body["logs"])
    assert inner["job_logs"][runner.command] == {
        "workflow_uuid": str(run.pk),
        "job_name": "only",
        "compute_backend": "local",
        "backend_job_id": f"{runner.run.job_id}-0",
        "docker_img": "python:3.12",
        "cmd": "true",
        "status": "running",
        "logs": "so far",
        "started_at": inner["job_logs"][runner.command]["started_at"],
        "finished_at": None,
    }
    assert "Total commands: 1" in inner["workflow_logs"]
    runner.end()
    controlled()
    controlled()
    ended = ada("GET", "workflows/hello/status").body
    assert ended["status"] == "finished"
    assert ended["progress"]["finished"] == {"total": 1, "job_ids": [runner.command]}
    assert ended["progress"]["run_finished_at"] is not None


def test_each_command_of_step_is_a_job(ada: Reana, resource: FakeResource) -> None:
    assert ada.user
    run = queued(ada.user)
    controlled()
    runner, further = Runner(run, resource), [str(uuid.uuid4()) for _ in range(2)]
    runner.begin(*further)
    controlled()
    jobs = json.loads(ada("GET", "workflows/hello/logs").body["logs"])["job_logs"]
    assert list(jobs) == [runner.command, *further]
    assert [one["backend_job_id"] for one in jobs.values()] == [f"{runner.run.job_id}-{n}" for n in range(3)]
    (second,) = json.loads(ada("GET", "workflows/hello/logs", page=2, size=1).body["logs"])["job_logs"].values()
    assert second["backend_job_id"] == f"{runner.run.job_id}-1"


def test_logs_of_steps_and_pages(ada: Reana, resource: FakeResource) -> None:
    assert ada.user
    run = queued(ada.user)
    controlled()
    Runner(run, resource).begin()

    def logs(steps: object = None, **query: object) -> dict[str, object]:
        found: dict[str, object] = json.loads(ada("GET", "workflows/hello/logs", steps, **query).body["logs"])
        return found

    assert logs(["nope"]) == {"workflow_logs": None, "job_logs": {}, "engine_specific": None}
    assert len(logs(["only"])["job_logs"]) == 1  # type: ignore[arg-type]  # it is an object
    assert logs(page=2, size=1)["job_logs"] == {}
    assert ada("GET", "workflows/hello/logs", [1]).status == 400
    assert ada("GET", "workflows/hello/logs", size=0).status == 400


def test_stop(ada: Reana) -> None:
    assert ada.user
    run = created(ada.user)
    for _ in range(2):
        response = ada("PUT", "workflows/hello/status", {}, status="stop")
        assert (response.status, response.body) == (409, {"message": f"Workflow {run.pk} is not running."})
        ada("POST", "workflows/hello/start", {})
        Run.objects.update(status="stopped")
    Run.objects.update(status="queued")
    response = ada("PUT", "workflows/hello/status", {}, status="stop")
    assert response.status == 200
    assert response.body == {
        "message": "Workflow successfully stopped.",
        "status": "stopped",
        "workflow_id": str(run.pk),
        "workflow_name": "hello.1",
        "user": response.body["user"],
    }
    assert ada("PUT", "workflows/hello/status", {}, status="nonsense").status == 400


def test_delete(ada: Reana) -> None:
    assert ada.user
    run = queued(ada.user)
    going = ada("PUT", "workflows/hello/status", {"workspace": True, "all_runs": False}, status="deleted")
    assert going.status == 409
    stop_run(run=run, now=timezone.now())
    response = ada("PUT", "workflows/hello/status", {"workspace": True, "all_runs": False}, status="deleted")
    assert (response.status, response.body["message"], response.body["status"]) == (
        200,
        "Workflow successfully deleted.",
        "deleted",
    )
    assert ada("GET", "workflows/hello.1/status").body["status"] == "deleted"
    assert ada("GET", "workflows/hello/status").status == 404
    assert ada("GET", "workflows/hello.1/workspace").status == 404
    assert ada("GET", "workflows", status="deleted").body["total"] == 1
    assert ada("POST", "workflows/hello.1/start", {"restart": True}).status == 403


def test_retention_rules(ada: Reana) -> None:
    assert ada.user
    run = created(ada.user)
    assert ada("GET", "workflows/hello/retention_rules").body == {
        "workflow_id": str(run.pk),
        "workflow_name": "hello.1",
        "retention_rules": [],
    }


def test_limit_of_waiting_runs_gives_reana_error(ada: Reana) -> None:
    assert ada.user
    site = registry.site()
    registry.install(registry.current(), replace(site, workflows=replace(site.workflows, queued_per_user=2)))
    for number in range(2):
        assert ada("POST", "workflows", specification(), workflow_name=f"r{number}").status == 201
    response = ada("POST", "workflows", specification(), workflow_name="one-more")
    assert (response.status, response.body) == (429, {"message": NEW.format(number=2)})
    for number in range(2):
        assert ada("POST", f"workflows/r{number}/start", {}).status == 200
    assert ada("POST", "workflows", specification(), workflow_name="one-more").status == 201
    response = ada("POST", "workflows/one-more/start", {})
    assert (response.status, response.body) == (429, {"message": QUEUED.format(number=2)})
