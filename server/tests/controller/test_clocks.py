"""The system clock is set back or forward while jobs run: they are still checked, and core hours count real time."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from controller.conftest import Driver
from user_workspaces.controller.due import TABLES, tables_with_due_rows
from user_workspaces.controller.reconcile import reconcile_jobs
from user_workspaces.jobs import clock
from user_workspaces.jobs.clock import ClockReading
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import core_hours
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
TWO_HOURS = timedelta(hours=2)


class Monotonic:
    """A monotonic clock that the test advances."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> ClockReading:
        return ClockReading("boot", self.seconds)


@pytest.fixture
def monotonic() -> Iterator[Monotonic]:
    found = Monotonic()
    clock.install(found)
    yield found
    clock.install(None)


def test_job_is_checked_after_the_clock_was_set_back(driver: Driver, resource: FakeResource) -> None:
    """Regression: the job was not checked for two hours."""
    job = driver.running("local_test")
    driver.now -= TWO_HOURS
    assert tables_with_due_rows(now=driver.now)[0] is Job
    assert reconcile_jobs(now=driver.now) == 1
    job.refresh_from_db()
    assert job.next_check_at is not None
    assert job.next_check_at < driver.now + timedelta(seconds=10)
    resource.succeed(job.key)
    assert driver.settled(job).status == "complete"


def test_every_table_is_checked_after_the_clock_was_set_back(driver: Driver) -> None:
    driver.launch()
    for table, longest in TABLES.items():
        table._default_manager.update(next_check_at=driver.now + longest + timedelta(seconds=1))
    assert set(tables_with_due_rows(now=driver.now)) == {Job, Workspace}
    for table, longest in TABLES.items():
        table._default_manager.update(next_check_at=driver.now + longest)
    assert tables_with_due_rows(now=driver.now) == []


@pytest.mark.parametrize("jump", [TWO_HOURS, -TWO_HOURS, timedelta(days=30)])
def test_core_hours_ignore_clock_changes(
    driver: Driver, resource: FakeResource, monotonic: Monotonic, jump: timedelta
) -> None:
    """Regression: the job was charged two hours too many, or none at all."""
    job = driver.running("local_test")
    assert job.start_mark
    monotonic.seconds += 1800
    driver.now += timedelta(minutes=30) + jump
    assert core_hours(job, now=driver.now) == Decimal("0.50000") * job.cpus
    resource.succeed(job.key)
    ended = driver.settled(job)
    assert ended.core_hours == Decimal("0.50000") * job.cpus


@pytest.mark.usefixtures("monotonic")
@pytest.mark.parametrize("jump", [TWO_HOURS, -TWO_HOURS])
def test_starting_session_is_not_stopped_when_the_clock_is_set(
    driver: Driver, resource: FakeResource, site: Registry, jump: timedelta
) -> None:
    """Regression: with the clock set forward, the session was stopped because it had not responded for 300 seconds."""
    site.job_types.get("jupyter_lab").answers_at = None  # type: ignore[attr-defined]  # a fake
    job = driver.launch()
    driver.run(passes=2)
    resource.run(job.key)
    driver.run(passes=2)
    driver.now += jump
    driver.run(passes=2)
    job.refresh_from_db()
    assert (job.status, job.datetime_ready) == ("running", None)
