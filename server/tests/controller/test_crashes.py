"""Controllers that die at any point, and several at once: each job is submitted once and reaches its end."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from controller.conftest import Driver
from controller.scenarios import PowerCut, ResourceWithPowerCut
from support.concurrency import at_once
from user_workspaces.controller import job_actions, reconcile
from user_workspaces.controller.lease import claim, release
from user_workspaces.controller.reconcile import reconcile_jobs
from user_workspaces.db.leases import lease_length
from user_workspaces.interfaces.values import JobSpec
from user_workspaces.jobs.actions import change_status, stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import due_jobs
from user_workspaces.jobs.status import JobStatus
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
Use = Callable[..., Any]


def die_once(driver: Driver) -> None:
    with pytest.raises(PowerCut):
        driver.run()
    assert reconcile_jobs(now=driver.now + lease_length() / 2) == 0, "the dead controller still holds its lease"
    driver.later(lease_length().total_seconds())


@pytest.mark.parametrize("after", [False, True])
def test_submission_is_repeated_after_a_crash(driver: Driver, use: Use, *, after: bool) -> None:
    resource = use(ResourceWithPowerCut)
    resource.method, resource.after = "submit", after
    job = driver.launch("local_test")
    die_once(driver)
    job = driver.until(job, lambda job: job.submitted)
    assert len(resource.submissions) == 1
    assert job.resource_job_id == 1001
    resource.succeed(job.key)
    assert driver.settled(job).status == "complete"


@pytest.mark.parametrize("after", [False, True])
def test_a_job_stopped_after_a_crash_during_its_submission_ends(driver: Driver, use: Use, *, after: bool) -> None:
    resource = use(ResourceWithPowerCut)
    resource.method, resource.after = "submit", after
    job = driver.launch("local_test")
    with pytest.raises(PowerCut):
        driver.run()
    job.refresh_from_db()
    stop_job(job=job, now=driver.now)
    assert driver.settled(job).status == "complete"
    assert resource.known_keys() == frozenset()
    assert len(resource.submissions) == int(after)


@pytest.mark.parametrize("after", [False, True])
def test_stop_is_repeated_after_a_crash(driver: Driver, use: Use, *, after: bool) -> None:
    resource = use(ResourceWithPowerCut)
    job = driver.running("local_test")
    stop_job(job=job, now=driver.now)
    resource.method, resource.after = "stop", after
    die_once(driver)
    job = driver.settled(job)
    assert (job.status, job.message, resource.known_keys()) == ("complete", "Stopped.", frozenset())


@pytest.mark.parametrize(("method", "after"), [("log_tail", False), ("forget", False), ("forget", True)])
def test_crash_around_the_end_of_a_job_loses_nothing(driver: Driver, use: Use, method: str, *, after: bool) -> None:
    resource = use(ResourceWithPowerCut)
    job = driver.running("local_test")
    resource.print(job.key, "the last words\n")
    resource.fail(job.key, exit_code=2)
    resource.method, resource.after = method, after
    die_once(driver)
    job = driver.settled(job)
    assert (job.status, job.log_tail) == ("failed", "the last words")
    assert resource.known_keys() == frozenset()
    workspace = Workspace.objects.get(pk=job.workspace_id)
    assert workspace.status == "idle"


def test_crash_before_a_result_is_recorded_repeats_the_observation(
    driver: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = driver.until(driver.launch(), lambda job: job.submitted)
    driver.resource.run(job.key)

    def cut(**_: object) -> bool:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(job_actions, "change_status", cut)
        die_once(driver)
    assert driver.until(job, lambda job: job.status == "running").message == "Webserver ready."


def test_concurrent_controllers_submit_each_job_once(driver: Driver) -> None:
    jobs = [driver.launch("local_test") for _ in range(30)]
    counts = at_once(4, lambda: sum(reconcile_jobs(now=driver.now) for _ in range(5)))
    assert sum(counts) >= len(jobs)
    submitted = Counter(spec.key for spec in driver.resource.submissions)
    assert submitted == {job.key: 1 for job in jobs}
    assert driver.resource.calls["submit"] == len(jobs)
    assert Job.objects.filter(submitted=True).count() == len(jobs)


def test_a_due_job_is_claimed_by_one_of_many_controllers(driver: Driver) -> None:
    job = driver.launch()
    claimed = at_once(6, lambda: claim(Job.objects.get(pk=job.pk), now=driver.now))
    assert claimed.count(True) >= 1
    stale = [Job.objects.get(pk=job.pk) for _ in range(6)]
    later = driver.now + 2 * lease_length()
    assert at_once(6, lambda: claim(stale.pop(), now=later)).count(True) == 1


def test_a_job_stopped_since_it_was_read_is_not_claimed(driver: Driver) -> None:
    """Even if the clock has not advanced, so that the due time is unchanged."""
    stale = driver.launch()
    stop_job(job=Job.objects.get(pk=stale.pk), now=driver.now)
    assert Job.objects.get(pk=stale.pk).next_check_at == stale.next_check_at
    assert not claim(stale, now=driver.now)


def test_a_controller_that_lost_the_lease_records_nothing(driver: Driver) -> None:
    job = driver.launch()
    slow, quick = Job.objects.get(pk=job.pk), Job.objects.get(pk=job.pk)
    assert claim(slow, now=driver.now)
    quick.refresh_from_db()
    assert claim(quick, now=driver.now + lease_length())
    failed = change_status(
        job=slow, new=JobStatus.FAILED, now=driver.now, message="from the past", lease=slow.next_check_at
    )
    release(slow, at=None, message="from the past")
    quick.refresh_from_db()
    assert (failed, quick.status, quick.message) == (False, "pending", "Waiting for the resource.")
    assert quick.next_check_at == driver.now + 2 * lease_length()


def test_a_job_stopped_during_a_pass_is_due_again(driver: Driver) -> None:
    job = driver.running("local_test")
    held = Job.objects.get(pk=job.pk)
    held.next_check_at = job.next_check_at
    driver.later(10)
    assert claim(held, now=driver.now)
    stop_job(job=Job.objects.get(pk=job.pk), now=driver.now)
    release(held, at=driver.now + timedelta(hours=1))
    assert [due.pk for due in due_jobs(now=driver.now, limit=5)] == [job.pk]


class ResourceThatTakesItsTime(FakeResource):
    """Each submission takes twenty seconds of the pass."""

    clock: "SlowClock"

    def submit(self, spec: JobSpec) -> int:
        self.clock.gone += timedelta(seconds=20)
        return super().submit(spec)


class SlowClock(reconcile.PassClock):
    """A clock that the resource advances."""

    gone = timedelta(0)

    def __call__(self) -> datetime:
        return super().__call__() + self.gone


def test_a_pass_that_takes_too_long_releases_the_other_jobs(
    driver: Driver, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    resource = use(ResourceThatTakesItsTime)
    clock = resource.clock = SlowClock(driver.now)
    monkeypatch.setattr(reconcile, "PassClock", lambda _: clock)
    for _ in range(5):
        driver.launch()
    reconcile_jobs(now=driver.now)
    assert resource.calls["submit"] == 2
    assert len(due_jobs(now=driver.now + timedelta(seconds=41), limit=9)) == 5
