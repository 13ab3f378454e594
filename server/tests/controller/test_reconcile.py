"""Jobs from the launch to the end, on a real database, with a resource that the test controls."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controller.conftest import Driver, session_type
from controller.scenarios import ResourceWithAClock, ResourceWithStopInMidObserve, ResourceWithStopInMidSubmit
from user_workspaces import registry
from user_workspaces.controller.reconcile import reconcile_jobs
from user_workspaces.interfaces.environment import Base
from user_workspaces.interfaces.values import Observation, Preparation, PreparationState
from user_workspaces.interfaces.values import ResourceState as Seen
from user_workspaces.jobs.actions import stop_job
from user_workspaces.jobs.queries import ready_sessions
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_environment import FakeEnvironment
from user_workspaces.testing.fake_job_type import READY_ENDPOINT
from user_workspaces.testing.fake_resource import (
    ResourceThatDiesAfterSubmitting,
    ResourceThatForgets,
    ResourceThatIsSilent,
    ResourceThatRefuses,
)

pytestmark = pytest.mark.django_db(transaction=True)
Use = Callable[..., Any]


def test_a_session_is_launched_and_responds(driver: Driver) -> None:
    job = driver.launch()
    assert (job.status, job.message, job.resource_job_id) == ("pending", "Waiting for the resource.", -1)
    driver.run()
    job.refresh_from_db()
    assert (job.status, job.message, job.submitted) == ("pending", "Starting JupyterLab.", True)
    assert job.resource_job_id == 1001
    driver.resource.run(job.key)
    driver.run()
    job.refresh_from_db()
    assert (job.status, job.message) == ("running", "Webserver ready.")
    assert [session.endpoint for session in ready_sessions()] == [READY_ENDPOINT]
    assert driver.resource.submissions[0].working_directory.is_dir()


def test_a_session_that_does_not_respond_yet_is_probed_often(driver: Driver, site: Registry) -> None:
    session_type(site).answers_at = None
    job = driver.until(driver.launch(), lambda job: job.submitted)
    driver.resource.run(job.key)
    driver.run()
    job.refresh_from_db()
    assert (job.status, job.message, job.datetime_ready) == ("running", "Starting JupyterLab.", None)
    assert job.next_check_at is not None
    assert job.next_check_at - driver.now < timedelta(seconds=1)


def test_a_session_that_never_responds_is_stopped_and_fails(driver: Driver, site: Registry) -> None:
    session_type(site).answers_at = None
    job = driver.until(driver.launch(), lambda job: job.submitted)
    driver.resource.run(job.key)
    driver.run()
    driver.later(181)
    job = driver.settled(job)
    assert job.status == "failed"
    assert job.message == "The session was not ready 180 seconds after its start and was stopped."
    assert driver.resource.known_keys() == frozenset()


def test_a_session_that_became_ready_while_no_controller_ran_is_kept(driver: Driver, site: Registry) -> None:
    session_type(site).answers_at = None
    job = driver.until(driver.launch(), lambda job: job.submitted)
    driver.resource.run(job.key)
    driver.run()
    session_type(site).answers_at = READY_ENDPOINT
    driver.later(3600)
    driver.run()
    job.refresh_from_db()
    assert (job.status, job.message) == ("running", "Webserver ready.")


def test_a_job_without_a_web_application_runs_and_finishes(driver: Driver) -> None:
    job = driver.running("local_test")
    assert (job.message, job.datetime_ready) == ("Running.", None)
    driver.resource.succeed(job.key)
    job = driver.settled(job)
    assert (job.status, job.message) == ("complete", "Finished.")


def test_the_end_of_a_log_with_invalid_characters_is_kept(driver: Driver) -> None:
    job = driver.running("local_test")
    driver.resource.print(job.key, "".join(f"line {number}\n" for number in range(500)) + "a\0b\udcff")
    driver.resource.fail(job.key, exit_code=7)
    job = driver.settled(job)
    assert (job.status, job.message) == ("failed", "The job exited with code 7. See the last lines of its log.")
    assert job.log_tail.splitlines()[0] == "line 301"
    assert job.log_tail.splitlines()[-1] == "a\N{REPLACEMENT CHARACTER}b?"


def test_a_log_of_one_very_long_line_is_truncated(driver: Driver) -> None:
    job = driver.running("local_test")
    driver.resource.print(job.key, "x" * 200_000)
    driver.resource.succeed(job.key)
    assert len(driver.settled(job).log_tail) == 64_000


def test_core_hours_are_cpus_times_hours(driver: Driver) -> None:
    job = driver.until(driver.launch("local_test", options={"num_cpus": 4}), lambda job: job.submitted)
    driver.resource.run(job.key)
    driver.run()
    driver.later(3600)
    driver.resource.succeed(job.key)
    job = driver.settled(job)
    assert job.datetime_start is not None
    assert job.datetime_end is not None
    exactly = 4 * (job.datetime_end - job.datetime_start).total_seconds() / 3600
    assert float(job.core_hours) == pytest.approx(exactly, rel=0, abs=1e-5)  # kept to the fifth decimal
    assert 4 <= float(job.core_hours) < 4.1


def test_a_start_time_in_the_future_is_replaced_by_now(driver: Driver, use: Use) -> None:
    ahead = use(ResourceWithAClock, first_state=Seen.RUNNING)
    ahead.started_at = driver.now + timedelta(days=1)
    job = driver.until(driver.launch(), lambda job: job.status == "running")
    assert job.datetime_start is not None
    assert job.datetime_start < driver.now + timedelta(minutes=1)


@pytest.mark.parametrize("kept", [True, False])
def test_start_and_end_reported_by_the_resource_are_used(driver: Driver, use: Use, *, kept: bool) -> None:
    resource = use(ResourceWithAClock)
    resource.started_at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    job = driver.until(driver.launch("local_test"), lambda job: job.submitted)
    if kept:
        resource.run(job.key)
        driver.run()
    resource.ended_at = datetime(2026, 1, 1, 15, tzinfo=UTC)
    resource.succeed(job.key)
    job = driver.settled(job)
    assert (job.datetime_start, job.datetime_end) == (resource.started_at, resource.ended_at)
    assert job.core_hours == 3


def test_an_unreachable_job_is_unchanged_and_checked_less_and_less_often(driver: Driver) -> None:
    job = driver.running()
    driver.resource.silence(job.key, "no route")
    waits = []
    for _ in range(9):
        driver.later(61)
        reconcile_jobs(now=driver.now)
        job.refresh_from_db()
        assert job.next_check_at is not None
        waits.append(round((job.next_check_at - driver.now).total_seconds()))
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert (job.status, job.failed_checks) == ("running", 9)
    assert job.message == "The resource is not responding; your job is unchanged. (no route)"
    driver.resource.run(job.key)
    driver.run(each=61)
    job.refresh_from_db()
    assert (job.status, job.failed_checks) == ("running", 0)


def test_nothing_is_submitted_to_an_unreachable_resource(driver: Driver, use: Use) -> None:
    resource = use(ResourceThatIsSilent)
    job = driver.launch()
    driver.run(passes=5, each=61)
    job.refresh_from_db()
    assert (job.status, job.submitted, resource.calls["submit"]) == ("pending", False, 0)


def test_a_rejected_submission_is_final_and_reported(driver: Driver, use: Use) -> None:
    use(ResourceThatRefuses)
    job = driver.settled(driver.launch())
    assert (job.status, job.message) == ("failed", f"The resource does not accept job {job.pk}.")


def test_a_lost_response_to_a_submission_leads_to_one_job(driver: Driver, use: Use) -> None:
    resource = use(ResourceThatDiesAfterSubmitting)
    job = driver.until(driver.launch(), lambda job: job.submitted)
    assert len(resource.submissions) == 1
    assert job.resource_job_id == 1001


def test_a_job_that_the_resource_forgot_is_checked_twice_and_never_resubmitted(driver: Driver, use: Use) -> None:
    resource = use(ResourceThatForgets)
    job = driver.until(driver.launch(), lambda job: job.missed)
    assert (job.status, job.message) == ("pending", "The resource does not know this job; asking again.")
    job = driver.settled(job)
    assert (job.status, job.message) == ("failed", "The resource no longer knows this job.")
    assert resource.calls["submit"] == 1


def test_a_job_waits_for_its_preparation_and_reports_it(driver: Driver, site: Registry) -> None:
    session_type(site).preparation = Preparation(PreparationState.IN_PROGRESS, "Installing JupyterLab (3 of 9).")
    job = driver.launch()
    driver.run(passes=3)
    job.refresh_from_db()
    assert (job.status, job.message, job.submitted) == ("pending", "Installing JupyterLab (3 of 9).", False)
    session_type(site).preparation = Preparation(PreparationState.READY)
    assert driver.until(job, lambda job: job.submitted).status == "pending"


def test_a_failed_preparation_fails_the_job(driver: Driver, site: Registry) -> None:
    session_type(site).preparation = Preparation(PreparationState.FAILED, "The packages could not be installed.")
    job = driver.settled(driver.launch())
    assert (job.status, job.message) == ("failed", "The packages could not be installed.")


def test_a_job_waits_for_the_base_of_another_job_type(driver: Driver, site: Registry) -> None:
    session_type(site).brings = Base(Path("/base"))
    session_type(site).preparation = Preparation(PreparationState.IN_PROGRESS, "Installing (3 of 9).")
    job = driver.launch("local_test")
    driver.run(passes=3)
    job.refresh_from_db()
    assert (job.status, job.message, job.submitted) == ("pending", "Installing (3 of 9).", False)


def test_a_failed_base_of_another_job_type_does_not_block_a_job(driver: Driver, site: Registry) -> None:
    session_type(site).brings = Base(Path("/base"))
    session_type(site).preparation = Preparation(PreparationState.FAILED, "The packages could not be installed.")
    assert driver.until(driver.launch("local_test"), lambda job: job.submitted).status == "pending"


def test_a_failed_named_environment_fails_the_job(driver: Driver, site: Registry) -> None:
    environment = FakeEnvironment.build("science")
    environment.preparation = Preparation(PreparationState.FAILED, "There is no such archive.")
    site.environments.add("science", environment)
    registry.install(site, replace(registry.site(), environments={"science": "Science"}))
    job = driver.settled(driver.launch(job_details={"environment": "science"}))
    assert (job.status, job.message) == ("failed", "There is no such archive.")


def test_a_job_stopped_before_its_submission_is_complete_and_never_submitted(driver: Driver) -> None:
    job = driver.launch()
    assert stop_job(job=job, now=driver.now) == "complete"
    driver.settled(job)
    assert driver.resource.calls["submit"] == 0


def test_a_job_stopped_while_it_is_queued_ends(driver: Driver) -> None:
    job = driver.until(driver.launch(), lambda job: job.submitted)
    assert stop_job(job=job, now=driver.now) == "stopping"
    job = driver.settled(job)
    assert (job.status, job.message) == ("complete", "Stopped.")


@pytest.mark.parametrize("settle_too", [False, True])
def test_a_job_stopped_during_its_submission_does_not_keep_running(
    driver: Driver, use: Use, *, settle_too: bool
) -> None:
    """Even if another controller settled it before the resource had it."""
    resource = use(ResourceWithStopInMidSubmit)
    resource.settle_too = settle_too
    job = driver.launch()
    driver.run()
    assert resource.known_keys() == {job.key}
    resource.run(job.key)
    job = driver.settled(job)
    assert (job.status, resource.known_keys()) == ("complete", frozenset())
    assert (job.message, job.datetime_start) == ("Stopped before it started.", None)  # no start after the end
    assert resource.calls["submit"] == 1


def test_a_job_stopped_while_it_is_observed_ends_at_once(driver: Driver, use: Use) -> None:
    job = driver.running("local_test")
    resource = use(ResourceWithStopInMidObserve)
    resource._jobs[job.key] = Observation(Seen.RUNNING, resource_job_id=1)
    driver.run()
    job.refresh_from_db()
    assert (job.status, job.next_check_at is not None and job.next_check_at <= driver.now) == ("stopping", True)
    assert driver.settled(job).status == "complete"
