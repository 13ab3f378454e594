"""Deletions with concurrent changes: no run stays in the queue without its files."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from support.runs import Runner, controlled, created, queued
from user_workspaces.accounts.models import User
from user_workspaces.errors import Conflict, NotAllowed
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle import actions
from user_workspaces.workflows.lifecycle.actions import Start, delete_run, restart_run, start_run
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.models import Workspace, WorkspaceStatus

pytestmark = pytest.mark.django_db


def finished(owner: User, resource: FakeResource) -> Run:
    run = queued(owner)
    controlled()
    runner = Runner(run, resource)
    runner.begin()
    runner.end()
    for _ in range(4):
        controlled()
    run.refresh_from_db()
    assert run.status == "finished"
    return run


def before(monkeypatch: pytest.MonkeyPatch, name: str, act: Callable[[], object]) -> None:
    """Call `act` once, right before a function of the actions."""
    whole, left = getattr(actions, name), [act]

    def late(**given: object) -> object:
        if left:
            left.pop()()
        return whole(**given)

    monkeypatch.setattr(actions, name, late)


def test_run_started_meanwhile_is_not_deleted(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    run = created(ada)
    before(monkeypatch, "change_status", lambda: start_run(run=run, start=Start(), now=timezone.now()))
    with pytest.raises(Conflict, match="has not ended"):
        delete_run(run=Run.objects.get(pk=run.pk), now=timezone.now())
    assert Run.objects.get(pk=run.pk).status != "deleted"
    assert Workspace.objects.get(pk=run.workspace_id).status == WorkspaceStatus.IDLE


def test_concurrent_restart_keeps_workspace(ada: User, resource: FakeResource) -> None:
    run = finished(ada, resource)
    restart_run(run=run, start=Start(), now=timezone.now())
    with pytest.raises(Conflict):
        delete_run(run=run, now=timezone.now())
    assert set(Run.objects.values_list("status", flat=True)) == {"finished", "queued"}


def test_run_deleted_meanwhile_is_not_restarted(
    ada: User, resource: FakeResource, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished(ada, resource)
    stale = Run.objects.select_related("owner").get(pk=run.pk)
    checked = actions._check

    def check(*given: object, **named: object) -> None:
        checked(*given, **named)  # type: ignore[arg-type]  # passed on unchanged
        delete_run(run=run, now=timezone.now())

    monkeypatch.setattr(actions, "_check", check)
    with pytest.raises(NotAllowed, match="is deleted and cannot be restarted"):
        restart_run(run=stale, start=Start(), now=timezone.now())
    assert list(Run.objects.values_list("status", flat=True)) == ["deleted"]
