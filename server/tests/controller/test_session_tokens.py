"""Tokens of sessions with access to REANA, from the submission to each kind of end, and after crashes."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from controller.conftest import Driver
from controller.scenarios import PowerCut, ResourceWithPowerCut, ResourceWithStopInMidSubmit
from user_workspaces.accounts.hot_queries import find_token
from user_workspaces.accounts.models import ApiToken
from user_workspaces.controller import job_actions
from user_workspaces.db.leases import lease_length
from user_workspaces.interfaces.job_type import JobParameters
from user_workspaces.interfaces.values import EndedBy, JobContext, JobFile, JobScript
from user_workspaces.jobs.actions import stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.session_tokens import grant_session_token, session_token
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_job_type import FakeJobType
from user_workspaces.testing.fake_resource import FakeResource, ResourceThatRefuses
from user_workspaces.workflows.models import PersonalReana

pytestmark = pytest.mark.django_db(transaction=True)
Use = Callable[..., Any]


class SessionWithReana(FakeJobType):
    """A session that writes its access to REANA to a file."""

    uses_reana: ClassVar[bool] = True

    def script(self, context: JobContext, parameters: JobParameters) -> JobScript:
        assert context.reana is not None
        told = {"server": context.reana.server, "token": context.reana.access_token}
        return JobScript(text="true\n", files=(JobFile("reana.json", json.dumps(told).encode()),))


@pytest.fixture
def with_reana(site: Registry, driver: Driver) -> Driver:
    site.job_types.add("jupyter_lab", SessionWithReana.build("jupyter_lab"))
    return driver


def handed_out(resource: FakeResource) -> list[dict[str, str]]:
    return [json.loads(spec.script.files[0].content) for spec in resource.submissions]


def is_good(driver: Driver, job: Job) -> bool:
    return find_token(session_token(job).text, now=driver.now) is not None


def test_a_session_gets_a_token_that_is_valid_from_its_submission(with_reana: Driver) -> None:
    job = with_reana.until(with_reana.launch(), lambda job: job.submitted)
    assert handed_out(with_reana.resource) == [{"server": "http://localhost:8000", "token": session_token(job).text}]
    assert is_good(with_reana, job)
    assert session_token(job).text not in repr(with_reana.resource.submissions)


def test_other_jobs_get_no_token(with_reana: Driver) -> None:
    with_reana.running("local_test")
    assert ApiToken.objects.count() == 0


def test_time_in_the_queue_does_not_shorten_the_token_lifetime(with_reana: Driver) -> None:
    job = with_reana.until(with_reana.launch(), lambda job: job.submitted)
    with_reana.later(timedelta(days=2).total_seconds())
    assert not is_good(with_reana, job)
    with_reana.resource.run(job.key)
    job = with_reana.until(job, lambda job: job.status == "running")
    assert job.datetime_start is not None
    assert job.time_limit_seconds is not None
    ends = job.datetime_start + timedelta(seconds=job.time_limit_seconds)
    assert ApiToken.objects.get().expires_at == ends


ENDS: dict[str, Callable[[FakeResource, Job], None]] = {
    "by itself": lambda resource, job: resource.succeed(job.key),
    "exit code": lambda resource, job: resource.fail(job.key, exit_code=3),
    "signal": lambda resource, job: resource.fail(job.key, EndedBy.SIGNAL, signal=9),
    "out of memory": lambda resource, job: resource.fail(job.key, EndedBy.OUT_OF_MEMORY),
    "time limit": lambda resource, job: resource.fail(job.key, EndedBy.TIME_LIMIT),
    "lost": lambda resource, job: resource.fail(job.key, EndedBy.LOST),
    "unknown to the resource": lambda resource, job: resource.lose(job.key),
    "stopped": lambda _, job: assert_stopped(job),
}


def assert_stopped(job: Job) -> None:
    stop_job(job=job, now=job.datetime_created)
    assert ApiToken.objects.count() == 0, "the token is deleted with the stop request, not with the last process"


@pytest.mark.parametrize("end", ENDS)
def test_the_token_ends_with_the_session(with_reana: Driver, end: str) -> None:
    job = with_reana.running()
    assert is_good(with_reana, job)
    ENDS[end](with_reana.resource, job)
    job = with_reana.settled(job)
    assert not is_good(with_reana, job)
    assert ApiToken.objects.count() == 0


def test_a_session_that_never_responds_leaves_no_token(with_reana: Driver, site: Registry) -> None:
    kind = site.job_types.get("jupyter_lab")
    assert isinstance(kind, FakeJobType)
    kind.answers_at = None
    job = with_reana.until(with_reana.launch(), lambda job: job.submitted)
    with_reana.resource.run(job.key)
    with_reana.run()
    assert is_good(with_reana, job)
    with_reana.later(600)
    assert with_reana.settled(job).status == "failed"
    assert ApiToken.objects.count() == 0


def test_a_rejected_submission_leaves_no_token(with_reana: Driver, use: Use) -> None:
    use(ResourceThatRefuses)
    assert with_reana.settled(with_reana.launch()).status == "failed"
    assert ApiToken.objects.count() == 0


def test_a_stop_during_the_submission_leaves_no_token(with_reana: Driver, use: Use) -> None:
    use(ResourceWithStopInMidSubmit)
    assert with_reana.settled(with_reana.launch()).status == "complete"
    assert ApiToken.objects.count() == 0


def test_a_job_stopped_just_before_the_grant_is_not_submitted(
    with_reana: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop_first(*, job: Job, **times: Any) -> bool:
        stop_job(job=Job.objects.get(pk=job.pk), now=with_reana.now)
        return grant_session_token(job=job, **times)

    monkeypatch.setattr(job_actions, "grant_session_token", stop_first)
    assert with_reana.settled(with_reana.launch()).message == "Stopped before it started."
    assert (with_reana.resource.submissions, ApiToken.objects.count()) == ([], 0)


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("is_stopped", [False, True])
def test_crash_around_the_submission_hands_out_the_same_token_again(
    with_reana: Driver, use: Use, *, after: bool, is_stopped: bool
) -> None:
    resource = use(ResourceWithPowerCut)
    resource.method, resource.after = "submit", after
    job = with_reana.launch()
    with pytest.raises(PowerCut):
        with_reana.run()
    if is_stopped:
        job.refresh_from_db()
        stop_job(job=job, now=with_reana.now)
        with_reana.settled(job)
        assert ApiToken.objects.count() == 0
        return
    with_reana.later(lease_length().total_seconds())
    job = with_reana.until(job, lambda job: job.submitted)
    assert [told["token"] for told in handed_out(resource)] == [session_token(job).text]
    assert (ApiToken.objects.count(), is_good(with_reana, job)) == (1, True)


@pytest.mark.parametrize("location", ["grant_session_token", "change_status"])
def test_crash_before_the_start_is_recorded_grants_the_token_again(
    with_reana: Driver, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    job = with_reana.until(with_reana.launch(), lambda job: job.submitted)
    with_reana.resource.run(job.key)

    def cut(**_: object) -> bool:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(job_actions, location, cut)
        with pytest.raises(PowerCut):
            with_reana.run()
    with_reana.later(lease_length().total_seconds())
    job = with_reana.until(job, lambda job: job.status == "running")
    assert (ApiToken.objects.count(), is_good(with_reana, job)) == (1, True)


def test_personal_reana_is_preferred(with_reana: Driver) -> None:
    own = {"server": "https://reana.example.org", "access_token": "of-another-place"}
    PersonalReana.objects.create(user=with_reana.owner, **own)
    with_reana.until(with_reana.launch(), lambda job: job.submitted)
    assert handed_out(with_reana.resource) == [{"server": own["server"], "token": own["access_token"]}]
    assert ApiToken.objects.count() == 0
