"""The limit of a user's created and queued runs: exact for concurrent requests, with clear errors."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from django.utils import timezone

from support.concurrency import at_once
from support.runs import Runner, controlled, created, queued, workflows_on
from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.errors import TooManyAtOnce
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle import waiting_limit
from user_workspaces.workflows.lifecycle.actions import Start, delete_run, restart_run, start_run, stop_run
from user_workspaces.workflows.lifecycle.workspace_runs import run_workspace
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.status import RunStatus
from user_workspaces.workspaces.details import Details, NewFile
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus

pytestmark = pytest.mark.django_db
MOST = 3
NOT_STARTED = "3 of your runs are not started, which is the maximum. Start or delete some of them."
IN_QUEUE = "3 of your runs are queued, which is the maximum. Wait until some of them have started, or stop some."


@pytest.fixture(autouse=True)
def _few(site: Registry) -> Iterator[None]:
    with workflows_on(site, queued_per_user=MOST):
        yield


def limited_to(most: int | None) -> None:
    site = registry.site()
    registry.install(registry.current(), replace(site, workflows=replace(site.workflows, queued_per_user=most)))


def count(status: RunStatus) -> int:
    return Run.objects.filter(status=status).count()


def test_created_and_queued_runs_are_limited(make_user: Callable[[str], User]) -> None:
    ada, bob = make_user("ada"), make_user("bob")
    runs = [created(ada, f"r{number}") for number in range(MOST)]
    with pytest.raises(TooManyAtOnce) as refused:
        created(ada)
    assert refused.value.message == NOT_STARTED
    assert created(bob).status == RunStatus.CREATED
    for run in runs:
        start_run(run=run, start=Start(), now=timezone.now())
    more = created(ada)
    with pytest.raises(TooManyAtOnce) as refused:
        start_run(run=more, start=Start(), now=timezone.now())
    assert refused.value.message == IN_QUEUE
    assert Run.objects.get(pk=more.pk).status == RunStatus.CREATED  # it can be started later
    stop_run(run=runs[0], now=timezone.now())
    assert start_run(run=more, start=Start(), now=timezone.now()).status == RunStatus.QUEUED


def test_deleted_run_does_not_count(make_user: Callable[[str], User]) -> None:
    runs = [created(make_user("ada"), f"r{number}") for number in range(MOST)]
    delete_run(run=runs[0], now=timezone.now())
    assert created(make_user("ada")).status == RunStatus.CREATED


def test_running_run_does_not_count(make_user: Callable[[str], User], resource: FakeResource) -> None:
    for number in range(MOST):
        queued(make_user("ada"), f"r{number}")
    controlled()
    assert count(RunStatus.PENDING) == MOST
    assert queued(make_user("ada")).status == RunStatus.QUEUED


def test_queued_restarts_count(make_user: Callable[[str], User], resource: FakeResource) -> None:
    ada = make_user("ada")
    run = queued(ada, "again")
    controlled()
    runner = Runner(run, resource)
    runner.begin()
    runner.end()
    for _ in range(3):
        controlled()
    limited_to(1)
    queued(ada, "another")
    with pytest.raises(TooManyAtOnce):
        restart_run(run=Run.objects.get(pk=run.pk), start=Start(), now=timezone.now())
    assert Run.objects.count() == 2


def test_without_limit_all_runs_are_accepted(make_user: Callable[[str], User]) -> None:
    limited_to(None)
    for number in range(MOST + 5):
        queued(make_user("ada"), f"r{number}")
    assert count(RunStatus.QUEUED) == MOST + 5


def test_rejected_run_copies_no_inputs(
    make_user: Callable[[str], User], workspace_of: Callable[..., Workspace]
) -> None:
    ada = make_user("ada")
    text = b"version: 0.9.4\nworkflow:\n  type: serial\n  specification:\n    steps: []\n"
    workspace = workspace_of(ada, details=Details(files=(NewFile("reana.yaml", text),)))
    for number in range(MOST):
        queued(ada, f"r{number}")
    before = Workspace.objects.count()
    with pytest.raises(TooManyAtOnce):
        run_workspace(workspace=workspace, name="one", path="", start=Start(), resource_options={}, now=timezone.now())
    assert Workspace.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_concurrent_creations_respect_limit(
    make_user: Callable[[str], User],
) -> None:
    ada = make_user("ada")

    def make() -> bool:
        try:
            created(ada)
        except TooManyAtOnce:
            return False
        return True

    assert sum(at_once(8, make)) == MOST
    assert count(RunStatus.CREATED) == MOST
    kept = Workspace.objects.exclude(status=WorkspaceStatus.DELETING)
    assert kept.count() == MOST


@pytest.mark.django_db(transaction=True)
def test_concurrent_starts_respect_limit(make_user: Callable[[str], User]) -> None:
    ada = make_user("ada")
    limited_to(8)
    runs = [created(ada, f"r{number}") for number in range(8)]
    limited_to(MOST)

    def begin() -> bool:
        try:
            start_run(run=runs.pop(), start=Start(), now=timezone.now())
        except TooManyAtOnce:
            return False
        return True

    assert sum(at_once(8, begin)) == MOST
    assert (count(RunStatus.QUEUED), count(RunStatus.CREATED)) == (MOST, 8 - MOST)


@pytest.mark.django_db(transaction=True)
def test_waiting_slot_requires_transaction(make_user: Callable[[str], User]) -> None:
    with pytest.raises(RuntimeError):
        waiting_limit.reserve_waiting_slot(make_user("ada").pk)
