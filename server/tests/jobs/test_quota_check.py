"""Quotas of launches: checked before the launch, counted once, released at the end."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from support.concurrency import at_once
from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.errors import QuotaExceeded
from user_workspaces.jobs.actions import LaunchRequest, change_status, start_job, stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.quota_check import core_hour_usage, cost_of, overview_of
from user_workspaces.jobs.status import JobStatus
from user_workspaces.quotas.models import Quota
from user_workspaces.quotas.queries import allowance_of
from user_workspaces.registry import Registry
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
Put = Callable[..., None]


@pytest.fixture
def workspace(make_user: Callable[..., User], workspace_of: Callable[..., Workspace]) -> Workspace:
    return workspace_of(make_user())


def launch(workspace: Workspace, *, cpus: int = 1, minutes: int = 60, **fields: Any) -> Job:
    options = {"num_cpus": cpus, "time_limit_min": minutes}
    given: dict[str, Any] = {"workspace_id": workspace.pk, "job_type": "local_test", "options": options}
    now = fields.pop("now", NOW)
    return start_job(LaunchRequest(owner=workspace.owner, **{**given, **fields}), now=now)


def ended(workspace: Workspace, *, hours: str, days_ago: float) -> Job:
    end = NOW - timedelta(days=days_ago)
    return Job.objects.create(
        owner=workspace.owner, workspace=workspace, job_type="local_test", resource="local", status="complete",
        core_hours=Decimal(hours), datetime_created=end, datetime_end=end,
    )  # fmt: skip


def left(workspace: Workspace) -> Decimal | None:
    allowance = allowance_of(workspace.owner_id)
    return core_hour_usage(workspace.owner_id, allowance=allowance, now=NOW).core_hours.left


def test_launch_reserves_most_core_hours(workspace: Workspace, limit: Put) -> None:
    limit(core_hours=Decimal(10))
    launch(workspace, cpus=2, minutes=90)
    assert left(workspace) == Decimal(7)


def test_launch_over_quota_leaves_no_row(workspace: Workspace, limit: Put) -> None:
    limit(core_hours=Decimal(10), contact="it@example.org")
    launch(workspace, cpus=4, minutes=120)
    Workspace.objects.update(status=WorkspaceStatus.IDLE, datetime_last_job_launch=None)
    with pytest.raises(QuotaExceeded) as caught:
        launch(workspace, cpus=2, minutes=61)
    assert caught.value.kind == "core_hours"
    assert caught.value.message == (
        "This needs 2.03 core hours, and 2 of your 10 are left: 0 were used in the last 30 days, and 8 are reserved "
        "for running jobs. Enough will be available when running jobs have ended. Choose fewer CPUs or less time. "
        "For more, ask it@example.org."
    )
    assert Job.objects.count() == 1
    assert Workspace.objects.get().status == WorkspaceStatus.IDLE
    launch(workspace, cpus=2, minutes=60)  # exactly the remaining core hours
    assert left(workspace) == 0


def test_end_releases_unused_core_hours(workspace: Workspace, limit: Put) -> None:
    limit(core_hours=Decimal(10))
    job = launch(workspace, cpus=4, minutes=120)
    started = NOW - timedelta(minutes=30)
    assert change_status(job=job, new=JobStatus.RUNNING, now=NOW, datetime_start=started)
    assert left(workspace) == Decimal(2)
    assert change_status(job=job, new=JobStatus.COMPLETE, now=NOW)
    assert left(workspace) == Decimal(8)


def test_job_that_never_started_releases_all_core_hours(workspace: Workspace, limit: Put) -> None:
    limit(core_hours=Decimal(10), running_sessions=1)
    job = launch(workspace, cpus=4, minutes=120)
    stop_job(job=job, now=NOW)
    assert left(workspace) == Decimal(10)
    launch(workspace, cpus=4, minutes=120)


def test_concurrent_ends_count_usage_once(workspace: Workspace, limit: Put) -> None:
    limit(core_hours=Decimal(10))
    job = launch(workspace, cpus=4, minutes=120)
    change_status(job=job, new=JobStatus.RUNNING, now=NOW, datetime_start=NOW - timedelta(hours=1))
    seen = [Job.objects.get(pk=job.pk) for _ in range(8)]
    done = at_once(8, lambda: change_status(job=seen.pop(), new=JobStatus.COMPLETE, now=NOW))
    assert sum(done) == 1
    assert left(workspace) == Decimal(6)


def test_usage_counts_within_period_only(workspace: Workspace, limit: Put) -> None:
    limit(core_hours=Decimal(10), core_hours_period=timedelta(days=7))
    ended(workspace, hours="4", days_ago=7.01)
    ended(workspace, hours="3", days_ago=6)
    ended(workspace, hours="2", days_ago=2)
    assert left(workspace) == Decimal(5)
    overview = overview_of(workspace.owner_id, allowance=allowance_of(workspace.owner_id), now=NOW)
    assert overview.core_hours.frees_at == NOW + timedelta(days=1)


@pytest.mark.parametrize(("minutes", "days"), [(360, 1), (480, 1), (481, 5), (600, 5)])
def test_error_says_when_core_hours_are_available(workspace: Workspace, limit: Put, minutes: int, days: int) -> None:
    limit(core_hours=Decimal(10), core_hours_period=timedelta(days=7))
    ended(workspace, hours="3", days_ago=6)
    ended(workspace, hours="2", days_ago=2)
    when = NOW + timedelta(days=days)
    with pytest.raises(QuotaExceeded, match=f"Enough will be available at {when:%Y-%m-%d %H:%M} UTC"):
        launch(workspace, minutes=minutes)


def test_launch_over_whole_quota_is_final_error(workspace: Workspace, limit: Put) -> None:
    limit(core_hours=Decimal(10))
    with pytest.raises(QuotaExceeded, match=r"more than your quota of 10\. Choose fewer CPUs or less time"):
        launch(workspace, cpus=16, minutes=60)


def test_limited_core_hours_require_time_limit(workspace: Workspace, site: Registry, limit: Put) -> None:
    known = registry.site()
    optional = tuple(replace(one, required=False, default=None) for one in known.parameters)
    registry.install(site, replace(known, parameters=optional))
    assert launch(workspace, options={}).time_limit_seconds is None
    limit(core_hours=Decimal(10))
    with pytest.raises(QuotaExceeded, match=r"so a launch needs a time limit: set time_limit_min\.$"):
        launch(workspace, options={})
    launch(workspace, options={"time_limit_min": 60})
    registry.install(site, replace(registry.site(), parameters=()))
    with pytest.raises(QuotaExceeded, match="launches on this resource have no time limit"):
        launch(workspace, options={})


def test_job_without_time_limit_counts_its_usage(workspace: Workspace, limit: Put) -> None:
    job = launch(workspace, cpus=2)
    Job.objects.filter(pk=job.pk).update(
        time_limit_seconds=None, status="running", datetime_start=NOW - timedelta(hours=3)
    )
    limit(core_hours=Decimal(10))
    assert left(workspace) == Decimal(4)


def test_sessions_count_from_launch_to_end(workspace: Workspace, limit: Put) -> None:
    limit(running_sessions=2)
    first, second = launch(workspace), launch(workspace)
    change_status(job=first, new=JobStatus.RUNNING, now=NOW, datetime_start=NOW)
    when = NOW + timedelta(hours=1)
    with pytest.raises(
        QuotaExceeded, match=f"You have 2 of 2 .* its time limit at {when:%Y-%m-%d %H:%M} UTC"
    ) as caught:
        launch(workspace)
    assert caught.value.kind == "running_sessions"
    Job.objects.filter(pk=second.pk).update(submitted=True)
    second.refresh_from_db()
    stop_job(job=second, now=NOW)
    with pytest.raises(QuotaExceeded):  # a stopping job still counts
        launch(workspace)
    change_status(job=second, new=JobStatus.COMPLETE, now=NOW)
    launch(workspace)


def test_launch_over_disk_quota_is_rejected(workspace: Workspace, limit: Put) -> None:
    limit(disk_gb=Decimal(1))
    Workspace.objects.update(disk_space=1 << 30)
    running = launch(workspace)
    Workspace.objects.update(disk_space=(1 << 30) + 1)
    with pytest.raises(QuotaExceeded, match="You cannot launch, upload or create anything") as caught:
        launch(workspace)
    assert caught.value.kind == "disk"
    running.refresh_from_db()
    assert running.status == "pending"


def test_quotas_of_other_users_do_not_count(
    workspace: Workspace, make_user: Callable[..., User], workspace_of: Callable[..., Workspace]
) -> None:
    Quota.objects.create(user=make_user("eve"), running_sessions=0)
    launch(workspace)
    with pytest.raises(QuotaExceeded):
        launch(workspace_of(make_user("eve")))


@pytest.mark.parametrize(
    ("cpus", "seconds", "hours"), [(1, 3600, "1"), (3, 60, "0.05"), (2**31, 2**31, "1281023894007607")]
)
def test_cost(cpus: int, seconds: int, hours: str) -> None:
    assert int(cost_of(cpus=cpus, seconds=seconds) - Decimal(hours)) == 0


def test_rejected_launch_takes_same_queries_for_many_jobs(
    workspace: Workspace, limit: Put, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    limit(core_hours=Decimal(1), running_sessions=1000)
    for number in (1, 30):
        for _ in range(number):
            ended(workspace, hours="0.1", days_ago=1)
        with django_assert_num_queries(14), pytest.raises(QuotaExceeded):
            launch(workspace, minutes=600)


def test_overview_takes_five_queries(
    workspace: Workspace, limit: Put, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    limit(core_hours=Decimal(1000), running_sessions=1000, disk_gb=Decimal(1))
    for number in range(4):
        launch(workspace)
        ended(workspace, hours="0.1", days_ago=1)
        Job.objects.filter(datetime_end=None).update(
            status=JobStatus.RUNNING, datetime_start=NOW - timedelta(minutes=5)
        )
        if number in {0, 3}:
            with django_assert_num_queries(5):
                overview_of(workspace.owner_id, allowance=allowance_of(workspace.owner_id), now=NOW)
