"""The token of a session: its scope, its lifetime, and its deletion with the job."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from support.concurrency import at_once
from user_workspaces.accounts.actions import deactivate, revoke_token
from user_workspaces.accounts.expiry import clear_ended
from user_workspaces.accounts.hot_queries import find_token
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.accounts.tokens import is_well_formed
from user_workspaces.jobs.actions import LaunchRequest, change_status, start_job, stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.session_tokens import grant_session_token, session_token
from user_workspaces.jobs.status import JobStatus
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
HOURS = {"time_limit_min": 120}


@pytest.fixture
def job(make_user: Callable[..., User], workspace_of: Callable[..., Workspace]) -> Job:
    """A pending session."""
    workspace = workspace_of(make_user())
    launch = LaunchRequest(owner=make_user(), workspace_id=workspace.pk, job_type="jupyter_lab", options=HOURS)
    return start_job(launch, now=NOW)


def is_good(job: Job, *, after: timedelta = timedelta(0)) -> bool:
    return find_token(session_token(job).text, now=NOW + after) is not None


def test_token_is_well_formed_and_derived_from_session(job: Job) -> None:
    text = session_token(job).text
    assert is_well_formed(text)
    assert session_token(Job.objects.get(pk=job.pk)).text == text
    assert job.secret not in text
    assert session_token(Job(secret="another")).text != text
    assert not is_good(job)


def test_granted_token_has_workflow_scope_and_session_name(job: Job) -> None:
    assert grant_session_token(job=job, now=NOW)
    found = find_token(session_token(job).text, now=NOW)
    assert found is not None
    assert (found.user, found.scopes, found.may_mint) == (job.owner, "workflows", False)
    assert (found.name, found.expires_at) == (f"Session {job.pk}", NOW + timedelta(hours=2))
    assert session_token(job).text not in str(ApiToken.objects.values().get())


def test_token_expires_with_time_limit(job: Job) -> None:
    grant_session_token(job=job, now=NOW)
    assert is_good(job, after=timedelta(minutes=119))
    assert not is_good(job, after=timedelta(hours=2))


def test_token_lifetime_counts_from_known_start(job: Job) -> None:
    grant_session_token(job=job, now=NOW)
    clear_ended(now=NOW + timedelta(days=3))  # it was pending for so long that the expired token was deleted
    start = NOW + timedelta(days=3)
    assert grant_session_token(job=job, now=start + timedelta(minutes=1), start=start)
    assert ApiToken.objects.get().expires_at == start + timedelta(hours=2)


def test_token_without_time_limit_has_default_lifetime(job: Job) -> None:
    Job.objects.update(time_limit_seconds=None)
    job.refresh_from_db()
    grant_session_token(job=job, now=NOW)
    assert is_good(job, after=timedelta(days=89))
    assert not is_good(job, after=timedelta(days=90))


def test_granting_twice_gives_same_token(job: Job) -> None:
    assert at_once(4, lambda: grant_session_token(job=Job.objects.get(pk=job.pk), now=NOW)) == [True] * 4
    assert ApiToken.objects.count() == 1


@pytest.mark.parametrize("end", [JobStatus.COMPLETE, JobStatus.FAILED, JobStatus.STOPPING])
@pytest.mark.parametrize("status", [JobStatus.PENDING, JobStatus.RUNNING])
def test_token_is_deleted_when_job_is_stopped(job: Job, status: JobStatus, end: JobStatus) -> None:
    Job.objects.update(status=status)
    job.refresh_from_db()
    grant_session_token(job=job, now=NOW)
    assert change_status(job=job, new=end, now=NOW)
    assert not is_good(job)
    assert not grant_session_token(job=job, now=NOW), "a late grant must not make it valid again"
    assert ApiToken.objects.count() == 0


def test_concurrent_stop_and_submission_leave_no_token(job: Job) -> None:
    def stop() -> bool:
        return stop_job(job=Job.objects.get(pk=job.pk), now=NOW) is JobStatus.COMPLETE

    def grant() -> bool:
        return grant_session_token(job=Job.objects.get(pk=job.pk), now=NOW)

    calls = [grant, grant, grant, stop]

    def next_call() -> bool:
        return calls.pop()()

    at_once(4, next_call)
    assert Job.objects.get().status == "complete"
    assert ApiToken.objects.count() == 0


def test_tokens_of_other_jobs_are_kept(job: Job, token_of: Callable[[User], str]) -> None:
    other = token_of(job.owner)
    grant_session_token(job=job, now=NOW)
    stop_job(job=job, now=NOW)
    assert find_token(other, now=NOW) is not None


def test_owner_can_revoke_token(job: Job) -> None:
    grant_session_token(job=job, now=NOW)
    assert revoke_token(user=job.owner, token_id=ApiToken.objects.get().pk)
    assert not is_good(job)


def test_token_of_inactive_user_is_invalid(job: Job) -> None:
    grant_session_token(job=job, now=NOW)
    deactivate(user=job.owner, now=NOW)
    assert not is_good(job)
