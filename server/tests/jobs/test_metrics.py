"""Metrics of jobs."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.jobs.actions import LaunchRequest, start_job
from user_workspaces.jobs.metrics import Group, became_ready, due_lag, groups
from user_workspaces.jobs.models import Job
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def launch(make_user: Callable[..., User], workspace_of: Callable[..., Workspace]) -> Callable[..., Job]:
    workspace = workspace_of(make_user())

    def make(job_type: str = "jupyter_lab") -> Job:
        request = LaunchRequest(owner=workspace.owner, workspace_id=workspace.pk, job_type=job_type)
        return start_job(request, now=NOW)

    return make


def test_jobs_are_counted_by_status_type_and_resource(launch: Callable[..., Job]) -> None:
    assert groups() == []
    jobs = [launch("jupyter_lab"), launch("jupyter_lab"), launch("local_test")]
    Job.objects.filter(pk=jobs[0].pk).update(status="running")
    assert groups() == [
        Group("pending", "jupyter_lab", "local", 1),
        Group("pending", "local_test", "local", 1),
        Group("running", "jupyter_lab", "local", 1),
    ]


def test_sessions_that_became_ready_are_listed_with_margin(launch: Callable[..., Job]) -> None:
    for seconds in (-90, -30, 5):
        Job.objects.filter(pk=launch().pk).update(
            datetime_created=NOW - timedelta(seconds=100), datetime_ready=NOW + timedelta(seconds=seconds)
        )
    launch()
    assert [job.seconds for job in became_ready(since=NOW)] == [70.0, 105.0]


def test_lag_is_that_of_longest_due_job(launch: Callable[..., Job]) -> None:
    assert due_lag(now=NOW) == 0.0
    first, second = launch(), launch()
    Job.objects.filter(pk=first.pk).update(next_check_at=NOW + timedelta(seconds=1))
    Job.objects.filter(pk=second.pk).update(next_check_at=NOW - timedelta(seconds=7))
    assert due_lag(now=NOW) == 7.0
    Job.objects.update(next_check_at=None)
    assert due_lag(now=NOW) == 0.0
