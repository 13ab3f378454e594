"""Deletions that somebody else is quicker than: nothing is left in the queue without its files."""

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
    """Let something happen right before a function of the actions does its work, once."""
    whole, left = getattr(actions, name), [act]

    def late(**told: object) -> object:
        if left:
            left.pop()()
        return whole(**told)

    monkeypatch.setattr(actions, name, late)


def test_a_run_that_is_started_meanwhile_is_not_deleted(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    run = created(ada)
    before(monkeypatch, "change_status", lambda: start_run(run=run, start=Start(), now=timezone.now()))
    with pytest.raises(Conflict, match="has not ended"):
        delete_run(run=Run.objects.get(pk=run.pk), now=timezone.now())
    assert Run.objects.get(pk=run.pk).status != "deleted"
    assert Workspace.objects.get(pk=run.workspace_id).status == WorkspaceStatus.IDLE


def test_a_restart_keeps_the_workspace_of_both(ada: User, resource: FakeResource) -> None:
    run = finished(ada, resource)
    restart_run(run=run, start=Start(), now=timezone.now())
    with pytest.raises(Conflict):
        delete_run(run=run, now=timezone.now())
    assert set(Run.objects.values_list("status", flat=True)) == {"finished", "queued"}


def test_what_is_deleted_while_its_restart_is_checked_is_not_restarted(
    ada: User, resource: FakeResource, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished(ada, resource)
    stale = Run.objects.select_related("owner").get(pk=run.pk)
    checked = actions._check

    def check(*told: object, **named: object) -> None:
        checked(*told, **named)  # type: ignore[arg-type]  # handed on as they come
        delete_run(run=run, now=timezone.now())

    monkeypatch.setattr(actions, "_check", check)
    with pytest.raises(NotAllowed, match="is deleted and cannot be restarted"):
        restart_run(run=stale, start=Start(), now=timezone.now())
    assert list(Run.objects.values_list("status", flat=True)) == ["deleted"]
