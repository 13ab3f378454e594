"""Many concurrent runs: never more than the limit, in order, and none lost."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.db import connections
from django.utils import timezone

from support.runs import Runner, controlled, queued, workflows_on
from user_workspaces.accounts.models import User
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.status import LIVE
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle.launch import start_next
from user_workspaces.workflows.models import Run

LIMIT = 4


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.django_db
def test_runs_end_in_order_within_limit(ada: User, resource: FakeResource) -> None:
    runs = [queued(ada, f"run-{number}") for number in range(40)]
    started, over = dict[str, Runner](), set[str]()
    for _ in range(200):
        controlled()
        live = Job.objects.filter(status__in=LIVE)
        assert live.count() <= LIMIT
        for run in Run.objects.filter(status__in=["pending", "running"]).order_by("datetime_queued"):
            if run.name in started and run.name not in over:
                started[run.name].end()
                over.add(run.name)
            elif run.name not in started:
                started[run.name] = Runner(run, resource)
                started[run.name].begin()
        if not Run.objects.exclude(status="finished").exists():
            break
    assert Run.objects.filter(status="finished").count() == len(runs)
    first_jobs = Run.objects.order_by("job_id").values_list("name", flat=True)
    assert list(first_jobs) == [run.name for run in runs]
    assert list(started) == [run.name for run in runs]


@pytest.mark.django_db(transaction=True)
def test_several_controllers_start_each_run_once_within_limit(ada: User, resource: FakeResource) -> None:
    for number in range(10):
        queued(ada, f"run-{number}")
    ready = threading.Barrier(4)

    def control() -> None:
        try:
            ready.wait(60)
            for _ in range(8):
                start_next(now=timezone.now())
        finally:
            connections.close_all()

    threads = [threading.Thread(target=control) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)
    assert Job.objects.count() == LIMIT
    assert list(Run.objects.exclude(job=None).order_by("datetime_queued").values_list("name", flat=True)) == [
        f"run-{number}" for number in range(LIMIT)
    ]


@pytest.fixture
def unlimited(site: Registry) -> Iterator[None]:
    with workflows_on(site, runs_at_once=None):
        yield


@pytest.mark.django_db
def test_without_limit_no_run_waits(unlimited: None, make_user: Callable[..., User]) -> None:
    for number in range(10):
        queued(make_user("ada"), f"run-{number}")
    controlled()
    assert Run.objects.filter(status="pending").count() == 10


@pytest.mark.django_db
def test_user_over_quota_does_not_block_others(
    ada: User, make_user: Callable[..., User], limit: Callable[..., None]
) -> None:
    limit(running_sessions=1)
    queued(ada, "first")
    queued(ada, "second")
    queued(make_user("grace"), "hers")
    controlled()
    waiting = Run.objects.get(status="queued")
    assert waiting.name == "second"
    assert waiting.message
    assert set(Run.objects.filter(status="pending").values_list("name", flat=True)) == {"first", "hers"}
