"""Runs from the queue to the end, with their jobs and journals."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from support.runs import Runner, controlled, created, queued
from user_workspaces.accounts.models import User
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.values import EndedBy
from user_workspaces.jobs.actions import stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle import monitor
from user_workspaces.workflows.lifecycle.actions import Start, delete_run, restart_run, start_run, stop_run
from user_workspaces.workflows.lifecycle.monitor import MOST_JOBS
from user_workspaces.workflows.models import Run, Secret
from user_workspaces.workflows.storage.locations import PLAN, SECRETS, state_of
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db


def status_of(run: Run) -> str:
    return Run.objects.values_list("status", flat=True).get(pk=run.pk)


def running(owner: User, resource: FakeResource, name: str = "hello") -> Runner:
    """Return the runner of a run with a running command."""
    run = queued(owner, name)
    controlled()
    runner = Runner(run, resource)
    runner.begin()
    controlled()
    controlled()
    assert status_of(run) == "running"
    return runner


def test_run_from_queue_to_end(ada: User, resource: FakeResource) -> None:
    run = queued(ada)
    assert status_of(run) == "queued"
    controlled()
    assert status_of(run) == "pending"
    runner = Runner(run, resource)
    plan = state_of(runner.run)
    with plan.storage.open(plan.location, PLAN) as file:
        assert json.loads(file.read())["steps"][0]["commands"] == ["true"]
    runner.begin()
    controlled()
    controlled()
    assert status_of(run) == "running"
    runner.end()
    controlled()
    controlled()
    ended = Run.objects.get(pk=run.pk)
    assert ended.status == "finished"
    assert ended.progress["finished"] == [runner.command]
    assert ended.datetime_started is not None
    assert ended.datetime_finished is not None
    assert ended.next_check_at is None


def test_failing_command_fails_run(ada: User, resource: FakeResource) -> None:
    runner = running(ada, resource)
    runner.end("failed")
    controlled()
    controlled()
    assert status_of(runner.run) == "failed"


def test_killed_runner_is_replaced(ada: User, resource: FakeResource) -> None:
    runner = running(ada, resource)
    first = runner.key
    resource.fail(first, EndedBy.SIGNAL, signal=9)
    controlled()
    controlled()
    assert runner.key != first
    assert status_of(runner.run) == "running"
    controlled()
    runner.end()
    controlled()
    controlled()
    assert status_of(runner.run) == "finished"
    assert Run.objects.get(pk=runner.run.pk).jobs_started == 2


def test_run_fails_after_too_many_killed_runners(ada: User, resource: FakeResource) -> None:
    runner = running(ada, resource)
    for _ in range(MOST_JOBS):
        resource.run(runner.key)
        controlled()
        resource.fail(runner.key, EndedBy.SIGNAL, signal=9)
        controlled()
        controlled()
        controlled()
    ended = Run.objects.get(pk=runner.run.pk)
    assert ended.status == "failed"
    assert ended.message.startswith(f"The run was interrupted {MOST_JOBS} times.")
    assert Job.objects.filter(owner=ada).count() == MOST_JOBS


def test_submission_error_fails_run(ada: User, resource: FakeResource) -> None:
    run = queued(ada)
    controlled()
    Job.objects.filter(run_of=run).update(status="failed", message="No such partition.", next_check_at=None)
    controlled()
    failed = Run.objects.get(pk=run.pk)
    assert (failed.status, failed.message) == ("failed", "No such partition.")


def with_secret(owner: User, resource: FakeResource) -> tuple[Runner, Path]:
    """Return the runner of a running run, and the directory of its secrets."""
    Secret.objects.create(owner=owner, name="PASSWORD", kind=Secret.ENVIRONMENT, value="c2VjcmV0")
    runner = running(owner, resource)
    state = state_of(runner.run)
    secrets = state.storage.locate(state.location) / SECRETS
    assert secrets.is_dir()
    return runner, secrets


@pytest.mark.parametrize("step", ["remove_secrets", "count_state"])
def test_interrupted_settlement_is_completed_later(
    ada: User, resource: FakeResource, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """The status is written first: the controller may be killed, or the disk may fail, before secrets are removed."""
    runner, secrets = with_secret(ada, resource)
    done, calls = getattr(monitor, step), list[Run]()

    def fails_once(*given: Any, **named: Any) -> None:
        calls.append(runner.run)
        if len(calls) == 1:
            raise OSError("The disk fails.")
        done(*given, **named)

    runner.end()
    monkeypatch.setattr(monitor, step, fails_once)
    while not calls:
        controlled()
    assert status_of(runner.run) == "finished"
    assert Run.objects.get(pk=runner.run.pk).next_check_at is not None
    controlled()
    assert len(calls) == 2
    assert Run.objects.get(pk=runner.run.pk).next_check_at is None
    assert not secrets.exists()


def test_secrets_are_removed_if_run_cannot_resume(ada: User, resource: FakeResource) -> None:
    runner, secrets = with_secret(ada, resource)
    Run.objects.filter(pk=runner.run.pk).update(resource="gone")
    resource.fail(runner.key, EndedBy.SIGNAL, signal=9)
    controlled()
    controlled()
    assert status_of(runner.run) == "failed"
    assert not secrets.exists()


def test_stop_ends_job_and_is_final(ada: User, resource: FakeResource) -> None:
    runner = running(ada, resource)
    stop_run(run=runner.run, now=timezone.now())
    assert status_of(runner.run) == "stopped"
    resource.fail(runner.key, EndedBy.STOPPED)
    controlled()
    controlled()
    assert status_of(runner.run) == "stopped"
    assert Job.objects.get(run_of=runner.run).status == "complete"


def test_stopping_queued_run_removes_it_from_queue(ada: User) -> None:
    run = queued(ada)
    stop_run(run=run, now=timezone.now())
    controlled()
    assert status_of(run) == "stopped"
    assert not Job.objects.exists()


def test_stopping_job_stops_run(ada: User, resource: FakeResource) -> None:
    runner = running(ada, resource)
    stop_job(job=Job.objects.get(key=runner.key), now=timezone.now())
    resource.fail(runner.key, EndedBy.STOPPED)
    controlled()
    controlled()
    assert status_of(runner.run) == "stopped"


def test_restart_uses_same_workspace(ada: User, resource: FakeResource) -> None:
    runner = running(ada, resource)
    runner.end()
    controlled()
    controlled()
    again = restart_run(run=Run.objects.get(pk=runner.run.pk), start=Start(), now=timezone.now())
    assert (again.full_name, again.status) == ("hello.1.1", "queued")
    assert again.workspace_id == runner.run.workspace_id
    controlled()
    second = Runner(again, resource)
    second.begin()
    second.end()
    controlled()
    controlled()
    assert status_of(again) == "finished"


def test_delete_removes_workspace_and_state_and_keeps_number(ada: User, resource: FakeResource) -> None:
    runner = running(ada, resource)
    runner.print("all that it said")
    runner.end()
    controlled()
    controlled()
    run = Run.objects.select_related("owner").get(pk=runner.run.pk)
    location = state_of(run)
    path = location.storage.locate(location.location)
    assert path.exists()
    delete_run(run=run, now=timezone.now())
    controlled()
    assert status_of(run) == "deleted"
    assert not path.exists()
    assert Workspace.objects.get(pk=run.workspace_id).status == "deleting"
    assert "all that it said" in Run.objects.get(pk=run.pk).kept_logs
    assert created(ada).full_name == "hello.2"


def test_rejected_start_changes_nothing(ada: User) -> None:
    run = created(ada)
    with pytest.raises(InvalidRequest, match="'nope' is not a parameter of this workflow"):
        start_run(run=run, start=Start(parameters={"nope": 1}), now=timezone.now())
    assert status_of(run) == "created"
