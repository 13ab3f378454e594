"""Runs that try to keep the server busy, and concurrent changes to runs."""

import threading
import time

import pytest
from django.db import connection, connections, transaction
from django.utils import timezone

from support.runs import Runner, controlled, created, queued
from user_workspaces.accounts.models import User
from user_workspaces.controller.reconcile import reconcile_jobs
from user_workspaces.interfaces.values import EndedBy
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import LIVE, JobStatus
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows import diff
from user_workspaces.workflows.diff import LEFT_OUT, MOST_COMPARED, workspace_differences
from user_workspaces.workflows.lifecycle import monitor
from user_workspaces.workflows.lifecycle.actions import stop_run
from user_workspaces.workflows.lifecycle.launch import start_next
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import workspace_of
from user_workspaces.workspaces.actions import upload_file


def put(run: Run, path: str, content: bytes) -> None:
    upload_file(workspace=workspace_of(run), path=path, chunks=[content], size=len(content), now=timezone.now())


def waits_for_row_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS(SELECT 1 FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_stop_during_launch_stops_job(ada: User, resource: FakeResource) -> None:
    run = queued(ada)
    done = list[str]()

    def stop() -> None:
        try:
            done.append(stop_run(run=Run.objects.get(pk=run.pk), now=timezone.now()).status)
        finally:
            connections.close_all()

    stopper = threading.Thread(target=stop)
    with transaction.atomic():
        assert start_next(now=timezone.now())
        stopper.start()
        limit = time.monotonic() + 120
        while connection.vendor == "postgresql" and not waits_for_row_lock() and time.monotonic() < limit:
            threading.Event().wait(0.01)
    stopper.join(120)
    assert done == ["stopped"]
    job = Job.objects.get()
    assert job.status == JobStatus.COMPLETE
    assert Run.objects.get(pk=run.pk).next_check_at is not None


@pytest.mark.django_db
def test_two_controllers_resume_run_once(ada: User, resource: FakeResource) -> None:
    runner = Runner(queued(ada), resource)
    controlled()
    runner.begin()
    controlled()
    resource.fail(runner.key, EndedBy.SIGNAL, signal=9)
    Job.objects.update(next_check_at=timezone.now())
    reconcile_jobs(now=timezone.now())
    seen = [Run.objects.select_related("owner", "job").get(pk=runner.run.pk) for _ in range(2)]
    for run in seen:
        monitor._advance(run, now=timezone.now())
    assert Job.objects.filter(status__in=LIVE).count() == 1
    assert Run.objects.get(pk=runner.run.pk).jobs_started == 2


@pytest.mark.django_db
def test_slow_run_is_checked_less_often(ada: User, resource: FakeResource, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 5.0])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock, 5.0))
    run = queued(ada)
    controlled()
    Run.objects.filter(pk=run.pk).update(next_check_at=timezone.now())
    now = timezone.now()
    monitor.follow_runs(now=now)
    again = Run.objects.get(pk=run.pk).next_check_at
    assert again is not None
    assert (again - now).total_seconds() == 50


@pytest.mark.django_db
@pytest.mark.parametrize("seconds", [-1.0, 20.0])
def test_comparison_stops_at_deadline(ada: User, seconds: float) -> None:
    first, second = created(ada, "first"), created(ada, "second")
    put(first, "only.txt", b"1")
    found = workspace_differences(workspace_of(first), workspace_of(second), brief=False, context=3, seconds=seconds)
    assert found == (LEFT_OUT if seconds < 0 else "Only in first.1: only.txt")


@pytest.mark.django_db
def test_comparison_of_large_file_stops_at_deadline(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = created(ada, "first"), created(ada, "second")
    for run in (first, second):
        put(run, "large.bin", b"x" * (3 * diff.PIECE))
    moments = iter([0.0, 0.0, 0.0, 100.0])
    monkeypatch.setattr(time, "monotonic", lambda: next(moments, 100.0))
    assert workspace_differences(workspace_of(first), workspace_of(second), brief=False, context=3) == LEFT_OUT


@pytest.mark.django_db
def test_files_with_too_many_lines_are_not_compared_by_line(ada: User) -> None:
    first, second = created(ada, "first"), created(ada, "second")
    put(first, "lines.txt", b"\n" * (MOST_COMPARED + 1))
    put(second, "lines.txt", b"a\n" * (MOST_COMPARED + 1))
    found = workspace_differences(workspace_of(first), workspace_of(second), brief=False, context=3)
    assert found == "Files first.1/lines.txt and second.1/lines.txt differ"
