"""The limit of simultaneous builds, and the cleanup after builds."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone

from environments.conftest import process_due, settled
from support.package_index import Index
from user_workspaces.environment_store.store import EnvironmentStore
from user_workspaces.environments import actions
from user_workspaces.environments.models import PreparedEnvironment
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
Put = Callable[..., None]


def prepare(workspace: Workspace) -> PreparedEnvironment:
    return actions.prepare(workspace=workspace, file="requirements.txt", now=timezone.now())


def test_at_most_two_builds_run_at_once(index: Index, put: Put, workspace: Workspace, store: EnvironmentStore) -> None:
    index.gate.clear()
    asked = list[str]()
    for number in range(4):
        index.add(f"crab{number}")
        put(workspace, f"crab{number}")
        asked.append(prepare(workspace).fingerprint)
        process_due()
    assert [store.is_building(name) for name in asked] == [True, True, False, False]
    index.gate.set()
    assert settled(workspace).status == "ready"


def test_preparation_that_was_reset_stays_deleted(put: Put, workspace: Workspace) -> None:
    put(workspace, "crab")
    row = prepare(workspace)
    actions.forget(workspace_id=workspace.pk)
    actions.finish(row, now=timezone.now())
    assert not PreparedEnvironment.objects.exists()


def test_downloads_are_not_kept(
    index: Index, put: Put, workspace: Workspace, store: EnvironmentStore, tmp_path: Path
) -> None:
    index.add("crab", files={"crab.py": "", "downloaded.txt": ""})
    put(workspace, "crab")
    prepare(workspace)
    row = settled(workspace)
    assert row.status == "ready"
    layer = store.path_of(row.layer)
    assert [path.parent.name for path in tmp_path.rglob("downloaded.txt")] == []
    assert [path.parent.name for path in layer.rglob("downloaded.txt")] == ["site-packages"]
