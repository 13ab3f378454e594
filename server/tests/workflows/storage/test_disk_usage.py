"""Journals and logs count towards the disk quota of the owner."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from support.runs import Runner, controlled, created, queued
from user_workspaces.accounts.models import User
from user_workspaces.controller.housekeeping import process_due_workspaces
from user_workspaces.errors import QuotaExceeded
from user_workspaces.quotas.models import DiskReservation
from user_workspaces.quotas.queries import held_disk
from user_workspaces.quotas.values import BLOCK_BYTES
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle.actions import Start, delete_run, restart_run
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.storage.disk_usage import count_state
from user_workspaces.workflows.storage.locations import state_of
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
LOG = 50 * BLOCK_BYTES


def held(owner: User) -> int:
    """Return the reserved bytes, without the open reservations of test uploads."""
    process_due_workspaces(now=timezone.now())
    return held_disk(owner.pk, now=timezone.now())


def state_folder(run: Run) -> Path:
    state = state_of(run)
    return state.storage.locate(state.location)


def allocated(folder: Path) -> int:
    return sum(path.lstat().st_blocks * 512 for path in [folder, *folder.rglob("*")])


def ran(owner: User, resource: FakeResource) -> Runner:
    run = queued(owner)
    controlled()
    runner = Runner(run, resource)
    runner.begin()
    runner.print("x" * LOG)
    controlled()
    runner.end()
    controlled()
    controlled()
    return runner


def test_logs_count_until_the_run_is_deleted(ada: User, resource: FakeResource, blocks: Callable[[int], None]) -> None:
    blocks(1000)
    assert held(ada) == 0
    runner = ran(ada, resource)
    assert held(ada) == allocated(state_folder(runner.run)) > LOG
    delete_run(run=Run.objects.get(pk=runner.run.pk), now=timezone.now())
    controlled()
    controlled()
    assert held(ada) == 0
    assert not Workspace.objects.exists()


def test_logs_of_running_run_count(ada: User, resource: FakeResource, blocks: Callable[[int], None]) -> None:
    blocks(1000)
    run = queued(ada)
    controlled()
    runner = Runner(run, resource)
    runner.begin()
    count_state(runner.run, now=timezone.now())
    before = held(ada)
    runner.print("x" * LOG)
    count_state(runner.run, now=timezone.now())
    assert held(ada) == before + LOG + BLOCK_BYTES  # and one block for its directory


def test_logs_of_restarts_count_once(ada: User, resource: FakeResource, blocks: Callable[[int], None]) -> None:
    blocks(1000)
    first = ran(ada, resource)
    restart = restart_run(run=Run.objects.get(pk=first.run.pk), start=Start(), now=timezone.now())
    controlled()
    again = Runner(restart, resource)
    again.begin()
    again.end()
    controlled()
    controlled()
    assert held(ada) == allocated(state_folder(first.run)) + allocated(state_folder(again.run))
    assert DiskReservation.objects.count() == 1


def test_logs_can_exhaust_disk_quota(ada: User, resource: FakeResource, blocks: Callable[[int], None]) -> None:
    blocks(1000)
    ran(ada, resource)
    blocks(20)
    with pytest.raises(QuotaExceeded):
        created(ada)


def test_deleted_workspace_is_not_counted(ada: User, resource: FakeResource, blocks: Callable[[int], None]) -> None:
    blocks(1000)
    runner = ran(ada, resource)
    Workspace.objects.all().delete()
    DiskReservation.objects.all().delete()
    count_state(runner.run, now=timezone.now())
    assert not DiskReservation.objects.exists()


def test_logs_count_towards_later_limit(ada: User, resource: FakeResource, blocks: Callable[[int], None]) -> None:
    ran(ada, resource)
    blocks(20)
    with pytest.raises(QuotaExceeded):
        created(ada)
