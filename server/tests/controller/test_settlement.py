"""The usage of a job is settled once, even by concurrent controllers."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from controller.conftest import Driver
from support.concurrency import at_once
from user_workspaces.controller.reconcile import reconcile_jobs
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.quota_check import overview_of
from user_workspaces.jobs.status import JobStatus
from user_workspaces.quotas.queries import allowance_of
from user_workspaces.quotas.values import Overview
from user_workspaces.testing.fake_resource import ResourceThatRefuses

pytestmark = pytest.mark.django_db(transaction=True)
OPTIONS = {"num_cpus": 2, "time_limit_min": 60}


def usage(driver: Driver) -> Overview:
    return overview_of(driver.owner.pk, allowance=allowance_of(driver.owner.pk), now=driver.now)


@pytest.mark.slow
def test_two_controllers_settle_each_job_once(driver: Driver, limit: Callable[..., None]) -> None:
    limit(core_hours=Decimal(40), running_sessions=20)
    jobs = [driver.launch("local_test", options=OPTIONS) for _ in range(20)]
    driver.run(passes=2)
    for job in jobs:
        driver.resource.run(job.key)
    driver.run(passes=2)
    assert usage(driver).core_hours.left == 0
    driver.later(1800)
    for job in jobs:
        driver.resource.succeed(job.key)
    for _ in range(3):
        driver.later(120)
        at_once(2, lambda: reconcile_jobs(now=driver.now))
    assert set(Job.objects.values_list("status", flat=True)) == {JobStatus.COMPLETE}
    after = usage(driver)
    assert (after.running_sessions.taken, after.core_hours.reserved) == (0, Decimal(0))
    assert after.core_hours.used == sum(Job.objects.values_list("core_hours", flat=True))
    assert Decimal(20) < after.core_hours.used < Decimal(25)
    at_once(2, lambda: reconcile_jobs(now=driver.now))
    assert usage(driver) == after


def test_a_job_that_the_resource_rejects_releases_its_reservations(
    driver: Driver, limit: Callable[..., None], use: Callable[..., object]
) -> None:
    limit(core_hours=Decimal(2), running_sessions=1)
    use(ResourceThatRefuses)
    job = driver.launch("local_test", options=OPTIONS)
    assert usage(driver).core_hours.left == 0
    driver.until(job, lambda job: job.status == JobStatus.FAILED)
    assert usage(driver).core_hours.taken == 0
    driver.launch("local_test", options=OPTIONS)
