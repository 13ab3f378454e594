"""The loop of the controller: it processes due rows, survives errors, and ends when it is stopped."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections
from django.db.utils import OperationalError

from controller.conftest import Driver
from user_workspaces.controller import loop
from user_workspaces.controller.due import tables_with_due_rows
from user_workspaces.controller.loop import Controller
from user_workspaces.jobs.actions import stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.testing.waiting import eventually
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)


def with_controller(during: Callable[[], Any]) -> None:
    """Run a controller in a thread while the test does something."""
    controller = Controller()

    def run() -> None:
        controller.run()
        connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        during()
    finally:
        controller.stop()
        thread.join(timeout=60)
    assert not thread.is_alive()


def test_a_job_is_launched_and_ended_and_its_workspace_deleted(driver: Driver) -> None:
    job = driver.launch("local_test")

    def during() -> None:
        eventually(lambda: Job.objects.get(pk=job.pk).submitted)
        stop_job(job=Job.objects.get(pk=job.pk), now=driver.now)
        eventually(lambda: Job.objects.get(pk=job.pk).next_check_at is None)
        Workspace.objects.update(status="deleting", next_check_at=driver.now)
        eventually(lambda: not Workspace.objects.exists())

    with_controller(during)
    assert Job.objects.get().status == "complete"


def test_idle_controller_is_woken_for_due_rows(driver: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker runs a pass by the clock here: only the poller can wake it for the launched job."""
    monkeypatch.setattr(loop, "MAX_IDLE", 3600.0)
    looks = threading.Semaphore(0)
    real = tables_with_due_rows

    def counted(**arguments: Any) -> Any:
        found = real(**arguments)
        if not found:
            looks.release()
        return found

    monkeypatch.setattr(loop, "tables_with_due_rows", counted)

    def during() -> None:
        for _ in range(3):
            assert looks.acquire(timeout=60)
        job = driver.launch("local_test")
        eventually(lambda: Job.objects.get(pk=job.pk).submitted)
        for _ in range(10):
            Workspace.objects.update(next_check_at=driver.now)
            eventually(lambda: Workspace.objects.get().next_check_at is None)

    with_controller(during)


@pytest.mark.parametrize("error", [OperationalError("server closed the connection"), RuntimeError("a bug")])
@pytest.mark.parametrize(
    "part", ["tables_with_due_rows", "reconcile_jobs", "process_due_workspaces", "sweep_resources"]
)
def test_errors_do_not_end_the_loop(
    driver: Driver, monkeypatch: pytest.MonkeyPatch, part: str, error: Exception
) -> None:
    monkeypatch.setattr(loop, "ERROR_BACKOFF", 0.01)
    monkeypatch.setattr(loop, "SWEEP_INTERVAL", -loop.SWEEP_INTERVAL)
    real, failures = getattr(loop, part), [error, error]

    def fails_twice(**arguments: Any) -> Any:
        if failures:
            raise failures.pop()
        return real(**arguments)

    monkeypatch.setattr(loop, part, fails_twice)
    job = driver.launch("local_test")
    Workspace.objects.update(next_check_at=driver.now)

    def during() -> None:
        eventually(lambda: not failures)
        eventually(lambda: Job.objects.get(pk=job.pk).submitted)
        eventually(lambda: Workspace.objects.get().next_check_at is None)

    with_controller(during)
