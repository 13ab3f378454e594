"""Housekeeping: deletion of workspaces after their jobs, cleanup, and the sweep of orphaned jobs."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from controller.conftest import Driver
from support.concurrency import at_once
from user_workspaces.accounts.models import OwnedAccount, User
from user_workspaces.controller.housekeeping import process_due_workspaces, sweep_resources
from user_workspaces.errors import ResourceUnavailable, StorageError
from user_workspaces.interfaces.values import JobScript, JobSpec, Limits
from user_workspaces.jobs.actions import delete_workspace, stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workspaces.actions import remove_failed_creation
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus
from user_workspaces.workspaces.queries import home_of

pytestmark = pytest.mark.django_db(transaction=True)
Use = Callable[..., Any]


def folder_of(workspace: Workspace) -> Path:
    home = home_of(workspace)
    return home.storage.locate(home.location)


def process_due(driver: Driver) -> int:
    driver.later(1)
    return process_due_workspaces(now=driver.now)


def start_on_its_own(driver: Driver, key: str) -> None:
    """Submit a job that has no row."""
    spec = JobSpec(key, 1, "x", home_of(driver.workspace).location.account, Path("/"), JobScript(text=""), Limits())
    driver.resource.submit(spec)


def test_a_workspace_is_deleted_with_its_files(driver: Driver) -> None:
    folder = folder_of(driver.workspace)
    delete_workspace(owner=driver.owner, workspace_id=driver.workspace.pk, force=False, now=driver.now)
    assert process_due(driver) == 1
    assert not folder.exists()
    assert not Workspace.objects.exists()


def test_a_deletion_waits_for_the_last_job_and_keeps_the_rows_of_jobs(driver: Driver) -> None:
    job, folder = driver.running("local_test"), folder_of(driver.workspace)
    delete_workspace(owner=driver.owner, workspace_id=driver.workspace.pk, force=True, now=driver.now)
    process_due(driver)
    assert folder.exists()
    driver.settled(job)
    driver.later(60)
    process_due(driver)
    assert not folder.exists()
    assert Job.objects.get().status == "complete"


def test_a_deletion_waits_for_an_ended_job_that_still_runs(driver: Driver) -> None:
    """The row reports that the job has ended; the resource does not yet."""
    job, folder = driver.running("local_test"), folder_of(driver.workspace)
    Job.objects.filter(pk=job.pk).update(status="failed")
    delete_workspace(owner=driver.owner, workspace_id=driver.workspace.pk, force=False, now=driver.now)
    process_due(driver)
    assert folder.exists()
    driver.settled(job)
    driver.later(60)
    process_due(driver)
    assert not folder.exists()


def test_a_second_deletion_changes_nothing(driver: Driver) -> None:
    for _ in range(2):
        delete_workspace(owner=driver.owner, workspace_id=driver.workspace.pk, force=True, now=driver.now)
    process_due(driver)
    assert not Workspace.objects.exists()


def test_an_error_in_one_workspace_does_not_stop_the_others(
    driver: Driver, make_user: Callable[..., User], workspace_of: Callable[..., Workspace]
) -> None:
    other = workspace_of(make_user("grace"))
    OwnedAccount.objects.filter(user=driver.owner).update(uid=1)
    Workspace.objects.update(next_check_at=driver.now)
    assert process_due(driver) == 2
    other.refresh_from_db()
    driver.workspace.refresh_from_db()
    assert other.next_check_at is None
    assert driver.workspace.next_check_at is not None
    assert driver.workspace.next_check_at > timezone.now() + timedelta(seconds=20)


def test_a_failed_creation_without_an_account_leaves_nothing(driver: Driver) -> None:
    OwnedAccount.objects.all().delete()
    Workspace.objects.update(status=WorkspaceStatus.INITIALIZING, next_check_at=driver.now)
    process_due(driver)
    assert not Workspace.objects.exists()


def test_a_slow_creation_is_not_removed(driver: Driver) -> None:
    stale = Workspace(pk=driver.workspace.pk, owner=driver.owner, status=WorkspaceStatus.INITIALIZING)
    remove_failed_creation(stale)
    assert folder_of(driver.workspace).exists()
    assert Workspace.objects.get().status == "idle"


def test_file_names_that_are_not_utf8_are_measured_and_shown(driver: Driver) -> None:
    (folder_of(driver.workspace) / "caf\udce9.txt").write_bytes(b"")
    Workspace.objects.update(next_check_at=driver.now)
    process_due(driver)
    workspace = Workspace.objects.get()
    assert workspace.next_check_at is None
    assert workspace.current["files"] == [{"name": r"/caf\xE9.txt"}]


def test_a_workspace_is_idle_after_its_last_job_ended(driver: Driver) -> None:
    first, second = driver.running("local_test"), driver.running("local_test")
    driver.resource.succeed(first.key)
    driver.settled(first)
    assert Workspace.objects.get().status == "active"
    driver.resource.succeed(second.key)
    driver.settled(second)
    assert Workspace.objects.get().status == "idle"


def test_a_workspace_is_idle_after_its_last_jobs_ended_concurrently(driver: Driver) -> None:
    for _ in range(5):
        jobs = [driver.launch("local_test") for _ in range(2)]
        at_once(2, lambda left=[*jobs]: stop_job(job=left.pop(), now=driver.now))  # type: ignore[misc]  # bound early
        assert Workspace.objects.get().status == "idle"


def test_a_concurrent_launch_and_end_leave_the_workspace_active(driver: Driver) -> None:
    for _ in range(5):
        job = driver.launch("local_test")
        work: list[Callable[[], object]] = [
            lambda job=job: stop_job(job=job, now=driver.now),  # type: ignore[misc]  # bound early
            lambda: driver.launch("local_test"),
        ]
        at_once(2, lambda left=work: left.pop()())  # type: ignore[misc]  # bound early
        assert Workspace.objects.get().status == "active"
        for left in Job.objects.filter(status="pending"):
            stop_job(job=left, now=driver.now)


def test_orphaned_job_is_stopped_and_forgotten(driver: Driver) -> None:
    start_on_its_own(driver, "f" * 32)
    assert sweep_resources() == 1
    assert driver.resource.known_keys() == frozenset()


def test_a_settled_job_that_still_runs_is_swept(driver: Driver) -> None:
    job = driver.running("local_test")
    Job.objects.filter(pk=job.pk).update(status="complete", next_check_at=None)
    assert sweep_resources() == 1


@pytest.mark.parametrize("status", ["pending", "running", "stopping"])
def test_a_live_job_is_never_swept(driver: Driver, status: str) -> None:
    job = driver.running("local_test")
    Job.objects.filter(pk=job.pk).update(status=status, submitted=status != "pending")
    assert sweep_resources() == 0
    assert driver.resource.known_keys() == {job.key}


def test_an_ended_job_that_is_not_settled_is_not_swept(driver: Driver) -> None:
    job = driver.running("local_test")
    Job.objects.filter(pk=job.pk).update(status="complete")
    assert sweep_resources() == 0


class ResourceThatGetsAJobDuringTheSweep(FakeResource):
    """A job is launched between the two queries of a sweep."""

    driver: Driver

    def known_keys(self) -> frozenset[str]:
        known = super().known_keys()
        self.driver.launch("local_test")
        self.driver.run()
        return known | super().known_keys()


def test_a_job_that_is_being_submitted_is_not_swept(driver: Driver, use: Use) -> None:
    resource = use(ResourceThatGetsAJobDuringTheSweep)
    resource.driver = driver
    assert sweep_resources() == 0
    assert resource.calls["stop"] == 0


class ResourceThatCannotBeSwept(FakeResource):
    """A resource that raises when it is swept."""

    error: Exception = ResourceUnavailable("no route")

    def known_keys(self) -> frozenset[str]:
        raise self.error


@pytest.mark.parametrize("error", [ResourceUnavailable("no route"), StorageError("disk")])
def test_a_resource_that_does_not_respond_does_not_stop_the_sweep(
    driver: Driver, site: Registry, error: Exception
) -> None:
    silent = ResourceThatCannotBeSwept.build("silent")
    silent.error = error
    others = site.resources._by_name.copy()
    site.resources._by_name.clear()
    site.resources.add("silent", silent)
    site.resources._by_name.update(others)
    start_on_its_own(driver, "e" * 32)
    assert sweep_resources() == 1
