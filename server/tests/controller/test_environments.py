"""Environments that a job of the user builds: the job is started and followed, and its message is reported."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from controller.conftest import Driver
from user_workspaces.controller.environments import process_due_environments
from user_workspaces.environments.actions import forget, prepare
from user_workspaces.environments.models import PreparedEnvironment
from user_workspaces.interfaces.settings import JOB_TYPE_OF_BUILDS
from user_workspaces.jobs.actions import stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.plugins.job_type.environment_build import EnvironmentBuildParameters
from user_workspaces.registry import Declaration, PluginKind, Registry
from user_workspaces.testing.fake_job_type import FakeJob
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workspaces.actions import upload_file

pytestmark = pytest.mark.django_db(transaction=True)
CONDA = b"dependencies: [python=3.11, samtools]\n"


class Build(FakeJob):
    """A fake build job with the parameters of the real one."""

    Parameters = EnvironmentBuildParameters


@pytest.fixture
def started(driver: Driver, site: Registry) -> PreparedEnvironment:
    """A conda environment in preparation, with its job."""
    declared = Declaration(PluginKind.JOB_TYPE, JOB_TYPE_OF_BUILDS, "EnvironmentBuildJob", {}, "test.build")
    site.add(declared, Build.build(JOB_TYPE_OF_BUILDS))
    upload_file(workspace=driver.workspace, path="environment.yml", chunks=[CONDA], now=driver.now)
    prepare(workspace=driver.workspace, file="environment.yml", now=driver.now)
    process_due_environments(now=timezone.now())
    return PreparedEnvironment.objects.get()


def settled(driver: Driver, resource: FakeResource, end: Callable[[str], None], log: str) -> PreparedEnvironment:
    job = Job.objects.get(job_type=JOB_TYPE_OF_BUILDS)
    driver.until(job, lambda job: job.submitted)
    resource.run(job.key)
    resource.print(job.key, log)
    end(job.key)
    driver.until(job, lambda job: job.status in {"complete", "failed"})
    PreparedEnvironment.objects.update(next_check_at=timezone.now())
    process_due_environments(now=timezone.now())
    return PreparedEnvironment.objects.get()


def test_job_is_started_once(started: PreparedEnvironment, driver: Driver) -> None:
    job = Job.objects.get()
    assert (job.job_type, job.job_details) == (JOB_TYPE_OF_BUILDS, {"kind": "conda", "file": "environment.yml"})
    assert (started.job_id, started.status, started.message) == (
        job.pk,
        "preparing",
        f"Job {job.pk} is building it in this workspace, as you.",
    )
    PreparedEnvironment.objects.update(next_check_at=timezone.now())
    process_due_environments(now=timezone.now())
    assert Job.objects.count() == 1


def test_environment_is_ready_after_its_job_finished(
    started: PreparedEnvironment, driver: Driver, resource: FakeResource
) -> None:
    row = settled(driver, resource, resource.succeed, "solving\nuws: done\n")
    assert (row.status, row.message, row.next_check_at) == ("ready", "Ready: the next launch uses it.", None)


def test_message_of_the_job_is_reported(started: PreparedEnvironment, driver: Driver, resource: FakeResource) -> None:
    row = settled(driver, resource, resource.fail, "x\nuws: This server has no conda.\n")
    assert (row.status, row.message) == ("failed", "This server has no conda.")


def test_job_that_reports_nothing_has_failed(
    started: PreparedEnvironment, driver: Driver, resource: FakeResource
) -> None:
    assert settled(driver, resource, resource.succeed, "x\n").status == "failed"


def test_environment_of_a_killed_job_has_the_message_of_the_job(
    started: PreparedEnvironment, driver: Driver, resource: FakeResource
) -> None:
    row = settled(driver, resource, resource.fail, "uws: done\n")
    assert (row.status, row.message) == ("failed", Job.objects.get().message)


def test_environment_of_a_stopped_job_has_failed(started: PreparedEnvironment, driver: Driver) -> None:
    stop_job(job=Job.objects.get(), now=driver.now)
    PreparedEnvironment.objects.update(next_check_at=timezone.now())
    process_due_environments(now=timezone.now())
    row = PreparedEnvironment.objects.get()
    assert (row.status, row.message) == ("failed", "Stopped before it started.")


def test_job_of_a_reset_environment_is_stopped(
    started: PreparedEnvironment, driver: Driver, resource: FakeResource
) -> None:
    job = driver.until(Job.objects.get(), lambda job: job.submitted)
    resource.run(job.key)
    driver.until(job, lambda job: job.status == "running")
    process_due_environments(now=timezone.now())
    job.refresh_from_db()
    assert job.status == "running"
    forget(workspace_id=driver.workspace.pk)
    process_due_environments(now=timezone.now())
    driver.until(job, lambda job: job.status == "complete")
    assert resource.calls["stop"] == 1


def test_job_of_an_earlier_request_is_stopped(started: PreparedEnvironment, driver: Driver) -> None:
    session = driver.launch()
    upload_file(workspace=driver.workspace, path="environment.yml", chunks=[CONDA + b"# new\n"], now=driver.now)
    prepare(workspace=driver.workspace, file="environment.yml", now=driver.now)
    process_due_environments(now=timezone.now())
    row = PreparedEnvironment.objects.get()
    assert row.job_id not in (None, started.job_id)
    found = dict(Job.objects.values_list("pk", "status"))
    assert found == {started.job_id: "complete", row.job_id: "pending", session.pk: "pending"}


def test_refused_launch_is_reported(driver: Driver, site: Registry, limit: Callable[..., None]) -> None:
    limit(running_sessions=0)
    declared = Declaration(PluginKind.JOB_TYPE, JOB_TYPE_OF_BUILDS, "EnvironmentBuildJob", {}, "test.build")
    site.add(declared, Build.build(JOB_TYPE_OF_BUILDS))
    upload_file(workspace=driver.workspace, path="environment.yml", chunks=[CONDA], now=driver.now)
    prepare(workspace=driver.workspace, file="environment.yml", now=driver.now)
    process_due_environments(now=timezone.now() + timedelta(seconds=1))
    row = PreparedEnvironment.objects.get()
    assert row.status == "failed"
    assert "sessions" in row.message
    assert not Job.objects.exists()
