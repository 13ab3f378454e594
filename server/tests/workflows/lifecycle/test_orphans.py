"""Orphans that a killed process left while it created a run are removed; everything else is kept."""

import threading
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone

from support.runs import created, specification
from user_workspaces.accounts.models import User
from user_workspaces.controller.housekeeping import process_due_workspaces
from user_workspaces.errors import Conflict
from user_workspaces.workflows.lifecycle import actions
from user_workspaces.workflows.lifecycle.actions import RunRequest, create_run, delete_run
from user_workspaces.workflows.lifecycle.orphans import CREATION_IS_DEAD_AFTER, sweep_workspaces
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

pytestmark = pytest.mark.django_db(transaction=True)
LONG_AGO = CREATION_IS_DEAD_AFTER + timedelta(minutes=1)


class Killed(BaseException):
    """Simulates that the process is killed."""


def folder_of(workspace: Workspace) -> Path:
    home = home_of(workspace)
    return home.storage.locate(home.location)


@pytest.fixture
def left(ada: User, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose run was not inserted."""

    def die(_row: Run) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(actions, "_save_numbered", die)
        with pytest.raises(Killed):
            created(ada)
    return Workspace.objects.get(holds_runs=True)


def later() -> datetime:
    return timezone.now() + LONG_AGO


def test_orphan_is_removed_with_files(left: Workspace) -> None:
    folder = folder_of(left)
    assert folder.exists()
    assert sweep_workspaces(now=later()) == 1
    process_due_workspaces(now=later())
    assert not Workspace.objects.exists()
    assert not folder.exists()
    assert sweep_workspaces(now=later()) == 0


def test_creation_in_progress_is_kept(left: Workspace) -> None:
    assert sweep_workspaces(now=timezone.now()) == 0
    left.refresh_from_db()
    assert left.status == "idle"


def test_other_runs_and_workspaces_are_kept(ada: User) -> None:
    run = created(ada)
    Workspace.objects.create(
        owner=ada,
        name="mine",
        status="idle",
        storage="local",
        datetime_created=timezone.now(),
        datetime_last_modified=timezone.now(),
    )
    assert sweep_workspaces(now=later()) == 0
    delete_run(run=run, now=timezone.now())
    assert sweep_workspaces(now=later()) == 0  # it is already queued for deletion


def test_creation_slower_than_sweep_fails_and_leaves_nothing(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sweep runs between the two inserts of a creation."""
    between, swept = threading.Event(), threading.Event()
    really, problems = actions._save_numbered, list[Exception]()

    def wait_there(row: Run) -> None:
        between.set()
        assert swept.wait(60)
        really(row)

    monkeypatch.setattr(actions, "_save_numbered", wait_there)

    def create() -> None:
        try:
            create_run(RunRequest(owner=ada, name="slow", document=specification()), now=timezone.now())
        except Conflict as error:
            problems.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=create)
    thread.start()
    assert between.wait(60)
    assert sweep_workspaces(now=later()) == 1
    swept.set()
    thread.join(60)
    assert [str(one) for one in problems] == ["Creating this run took too long and was cancelled. Please try again."]
    process_due_workspaces(now=later())
    assert not Run.objects.exists()
    assert not Workspace.objects.exists()
