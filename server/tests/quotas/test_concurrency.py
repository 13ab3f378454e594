"""Many requests at once at the edge of a quota: exactly as many succeed as fit."""

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.db import connections
from django.db.models import Sum
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.errors import QuotaExceeded
from user_workspaces.jobs.actions import LaunchRequest, change_status, start_job
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.quota_check import overview_of
from user_workspaces.jobs.status import JobStatus
from user_workspaces.quotas.models import DiskReservation
from user_workspaces.quotas.queries import allowance_of
from user_workspaces.quotas.values import GIBIBYTE, Overview
from user_workspaces.workspaces.actions import create_workspace, upload_file
from user_workspaces.workspaces.details import Details, NewFile
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
CROWD, THREADS, BLOCK = 200, 24, 4096
Put = Callable[..., None]
Make = Callable[..., Workspace]


def crowd(work: Callable[[int], object]) -> Counter[str]:
    """Run `work` many times in two dozen threads, each with its own database connection; count the outcomes."""
    barrier = threading.Barrier(THREADS)

    def one(number: int) -> str:
        if number < THREADS:
            barrier.wait(timeout=60)
        try:
            work(number)
        except QuotaExceeded as error:
            return error.kind
        finally:
            connections.close_all()
        return "done"

    with ThreadPoolExecutor(THREADS) as pool:
        return Counter(pool.map(one, range(CROWD)))


def usage(owner: User) -> Overview:
    return overview_of(owner.pk, allowance=allowance_of(owner.pk), now=timezone.now())


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user()


@pytest.fixture
def workspaces(ada: User, workspace_of: Make) -> list[Workspace]:
    """Return several workspaces, so that the lock on one of them does not serialize the test."""
    return [workspace_of(ada, f"w{number}") for number in range(5)]


def launch(owner: User, workspace: Workspace, *, cpus: int, minutes: int) -> Job:
    options = {"num_cpus": cpus, "time_limit_min": minutes}
    request = LaunchRequest(owner=owner, workspace_id=workspace.pk, job_type="local_test", options=options)
    return start_job(request, now=timezone.now())


def test_launches_at_once_stay_within_core_hours(ada: User, workspaces: list[Workspace], limit: Put) -> None:
    limit(core_hours=Decimal("37.4"))
    counts = crowd(lambda number: launch(ada, workspaces[number % 5], cpus=1, minutes=30))
    assert counts == {"done": 74, "core_hours": CROWD - 74}
    assert usage(ada).core_hours.reserved == Decimal(37)
    assert Job.objects.count() == 74


def test_launches_at_once_stay_within_sessions(ada: User, workspaces: list[Workspace], limit: Put) -> None:
    limit(running_sessions=23)
    counts = crowd(lambda number: launch(ada, workspaces[number % 5], cpus=1, minutes=30))
    assert counts == {"done": 23, "running_sessions": CROWD - 23}
    assert usage(ada).running_sessions.left == 0


def test_launches_and_ends_at_once_stay_within_limits(ada: User, workspaces: list[Workspace], limit: Put) -> None:
    limit(core_hours=Decimal(10), running_sessions=7)
    most: list[int] = []

    def launch_and_end(number: int) -> None:
        job = launch(ada, workspaces[number % 5], cpus=1, minutes=60)
        most.append(Job.objects.filter(owner=ada, status=JobStatus.PENDING).count())
        change_status(job=job, new=JobStatus.FAILED, now=timezone.now())

    counts = crowd(launch_and_end)
    assert max(most) <= 7
    assert counts["done"] >= 7
    assert counts["done"] + counts["running_sessions"] == CROWD
    assert usage(ada).running_sessions.taken == 0
    assert usage(ada).core_hours.taken == 0


def test_uploads_at_once_stay_within_disk_quota(ada: User, workspaces: list[Workspace], limit: Put) -> None:
    limit(disk_gb=Decimal(101 * 3 * BLOCK + BLOCK) / GIBIBYTE)

    def upload(number: int) -> None:
        chunks = [b"x" * BLOCK, b"y" * BLOCK, b"z" * 17]
        size = sum(len(chunk) for chunk in chunks)
        upload_file(
            workspace=workspaces[number % 5], path=f"{number}.bin", chunks=chunks, size=size, now=timezone.now()
        )

    counts = crowd(upload)
    assert counts == {"done": 101, "disk": CROWD - 101}
    assert usage(ada).disk.left == BLOCK
    assert DiskReservation.objects.filter(committed_change__isnull=False).count() == 101


def test_new_workspaces_at_once_stay_within_disk_quota(ada: User, site: object, limit: Put) -> None:
    limit(disk_gb=Decimal(60 * 2 * BLOCK + BLOCK) / GIBIBYTE)
    details = Details(files=(NewFile("a", b"x"),))
    counts = crowd(
        lambda number: create_workspace(
            owner=ada, name=str(number), description="", default_job_type="", details=details, now=timezone.now()
        )
    )
    assert counts == {"done": 60, "disk": CROWD - 60}
    assert Workspace.objects.count() == 60
    assert DiskReservation.objects.aggregate(total=Sum("size"))["total"] == 60 * 2 * BLOCK
