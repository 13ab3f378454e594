"""Unused prepared environments are removed; those that a job may use are kept."""

import shutil
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from environments.conftest import settled
from support.package_index import Index
from user_workspaces.controller.environments import clear_environments
from user_workspaces.environment_store.store import EnvironmentStore
from user_workspaces.environments import actions
from user_workspaces.environments.layers import note_use
from user_workspaces.environments.models import PreparedEnvironment
from user_workspaces.jobs.models import Job
from user_workspaces.testing.waiting import eventually
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
Put = Callable[..., None]


def prepare(workspace: Workspace) -> PreparedEnvironment:
    return actions.prepare(workspace=workspace, file="requirements.txt", now=timezone.now())


def test_unused_environment_is_removed_and_a_used_one_is_kept(
    index: Index, put: Put, workspace: Workspace, store: EnvironmentStore
) -> None:
    index.add("crab")
    put(workspace, "crab")
    prepare(workspace)
    layer = store.path_of(settled(workspace).layer)
    later = timezone.now() + timedelta(days=31)
    assert clear_environments(now=later) == 0
    actions.forget(workspace_id=workspace.pk)
    assert clear_environments(now=timezone.now() + timedelta(days=29)) == 0
    shutil.copytree(layer, store.folder / "3c825bf4839b0bda8ba3")  # a layer of a job type
    eventually(lambda: clear_environments(now=later) == 1)  # the builder may hold its lock until it has ended
    assert not layer.exists()
    assert clear_environments(now=later) == 0  # the lock file stays, and does not count
    assert (store.folder / "3c825bf4839b0bda8ba3").exists()
    assert prepare(workspace).status == "preparing"
    assert settled(workspace).status == "ready"


def test_environment_of_a_running_job_is_kept(
    index: Index, put: Put, workspace: Workspace, store: EnvironmentStore
) -> None:
    index.add("crab")
    put(workspace, "crab")
    prepare(workspace)
    layer = store.path_of(settled(workspace).layer)
    job = Job.objects.create(
        owner=workspace.owner, workspace=workspace, job_type="jupyter_lab", resource="local", status="running",
        datetime_created=timezone.now(), next_check_at=timezone.now(),
    )  # fmt: skip
    note_use([layer])
    actions.forget(workspace_id=workspace.pk)
    later = timezone.now() + timedelta(days=100)
    assert clear_environments(now=later) == 0
    Job.objects.filter(pk=job.pk).update(status="complete", next_check_at=None)
    eventually(lambda: clear_environments(now=later) == 1)  # the builder may hold its lock until it has ended
