"""Jobs with faulty plug-ins, which are no longer configured, raise or violate their interface."""

from collections.abc import Callable
from typing import Any

import pytest

from controller.conftest import Driver, session_type
from controller.scenarios import JobTypeWithParameters, ResourceThatBreaksItsPromise, ResourceThatRaises
from user_workspaces.errors import NotAllowed, ResourceUnavailable, StorageError
from user_workspaces.jobs.actions import stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.registry import Registry

pytestmark = pytest.mark.django_db(transaction=True)
Use = Callable[..., Any]


def test_a_job_whose_resource_is_no_longer_configured_waits(driver: Driver, site: Registry) -> None:
    job = driver.running()
    kept = site.resources._by_name.pop("local")
    driver.run(passes=3, each=61)
    job.refresh_from_db()
    assert job.status == "running"
    assert job.message == ("The resource is not responding; your job is unchanged. (local is no longer configured)")
    site.resources.add("local", kept)
    driver.run(each=61)
    job.refresh_from_db()
    assert (job.status, job.failed_checks) == ("running", 0)


def test_a_pending_job_whose_type_is_no_longer_configured_fails(driver: Driver, site: Registry) -> None:
    job = driver.launch()
    del site.job_types._by_name["jupyter_lab"]
    job = driver.settled(job)
    assert (job.status, job.message) == ("failed", "jupyter_lab is not configured on this server.")


def test_a_running_session_whose_type_is_no_longer_configured_keeps_running(driver: Driver, site: Registry) -> None:
    job = driver.running()
    del site.job_types._by_name["jupyter_lab"]
    driver.run(passes=3)
    job.refresh_from_db()
    assert job.status == "running"


def test_a_starting_session_without_its_type_fails_after_its_startup_time(driver: Driver, site: Registry) -> None:
    session_type(site).answers_at = None
    job = driver.until(driver.launch(), lambda job: job.submitted)
    driver.resource.run(job.key)
    driver.run()
    del site.job_types._by_name["jupyter_lab"]
    driver.run()
    job.refresh_from_db()
    assert (job.status, job.message) == ("running", "jupyter_lab is not configured on this server.")
    driver.later(181)
    assert driver.settled(job).status == "failed"


def test_details_reach_the_script_and_unknown_ones_are_ignored(driver: Driver, site: Registry) -> None:
    site.job_types.add("local_test", JobTypeWithParameters.build("local_test"))
    details = {"notebook": "a.ipynb", "something": {"else": 1}}
    driver.until(driver.launch("local_test", job_details=details), lambda job: job.submitted)
    assert driver.resource.submissions[0].script.text == "run a.ipynb\n"


def test_details_that_the_job_type_no_longer_accepts_fail_the_job(driver: Driver, site: Registry) -> None:
    job = driver.launch("local_test", job_details={"notebook": 5})
    site.job_types.add("local_test", JobTypeWithParameters.build("local_test"))
    job = driver.settled(job)
    assert (job.status, job.message) == ("failed", "job_details.notebook: Input should be a valid string")


@pytest.mark.parametrize("error", [NotAllowed("ada has no account."), StorageError("The storage is full.")])
def test_a_job_that_cannot_be_launched_fails_with_the_reason(driver: Driver, use: Use, error: Exception) -> None:
    use(ResourceThatRaises).error = error
    job = driver.settled(driver.launch())
    assert (job.status, job.message) == ("failed", str(error))


@pytest.mark.parametrize("error", [RuntimeError("boom"), ResourceUnavailable("no route")])
def test_a_submission_is_retried_after_an_unexpected_error(driver: Driver, use: Use, error: Exception) -> None:
    resource = use(ResourceThatRaises)
    resource.error = error
    job = driver.launch()
    driver.run(passes=3, each=61)
    job.refresh_from_db()
    assert (job.status, job.failed_checks) == ("pending", 3)
    assert "trying again" in job.message
    assert "boom" not in job.message
    resource.error = None
    assert driver.until(job, lambda job: job.submitted).failed_checks == 0


def test_an_unexpected_error_in_one_job_does_not_stop_the_others(driver: Driver, use: Use) -> None:
    resource = use(ResourceThatRaises)
    resource.error, resource.only = RuntimeError("boom"), 1
    jobs = [driver.launch() for _ in range(3)]
    driver.run()
    assert [Job.objects.get(pk=job.pk).submitted for job in jobs] == [False, True, True]


def test_a_resource_that_violates_its_interface_counts_as_unreachable(driver: Driver, use: Use) -> None:
    resource = use(ResourceThatBreaksItsPromise)
    job = driver.launch()
    driver.run(passes=2)
    job.refresh_from_db()
    assert job.message.endswith("(the resource failed)")
    resource.raises = False
    driver.run(passes=2, each=61)
    job.refresh_from_db()
    assert job.message.endswith("(the resource did not report this job)")
    assert job.status == "pending"


def test_each_resource_is_observed_once_per_pass(driver: Driver) -> None:
    for _ in range(12):
        driver.launch()
    driver.run()
    assert driver.resource.calls["observe"] == 1
    assert driver.resource.calls["submit"] == 12


def test_a_job_whose_workspace_row_is_missing_still_ends(driver: Driver) -> None:
    job = driver.running("local_test")
    driver.workspace.delete()
    stop_job(job=job, now=driver.now)
    assert driver.settled(job).status == "complete"
