"""The environment of a run's commands, and validation of its record in the journal."""

import json
from collections.abc import Callable

import pytest
from django.utils import timezone

from support.runs import controlled, created, queued
from user_workspaces.accounts.models import User
from user_workspaces.jobs.actions import delete_workspace
from user_workspaces.registry import Declaration, PluginKind, Registry
from user_workspaces.testing.fake_container_runtime import FakeContainerRuntime
from user_workspaces.workflows.environment_record import EnvironmentRecord, read_environment
from user_workspaces.workflows.lifecycle.environments import RunEnvironment, environment_of, environment_of_job
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.storage.locations import PLAN, state_of
from user_workspaces.workspaces.models import Workspace

DIGEST = "0123456789abcdef" * 4


def from_workspace(run: Run, workspace: Workspace) -> Run:
    Run.objects.filter(pk=run.pk).update(origin={"workspace_id": workspace.pk})
    return Run.objects.select_related("owner").get(pk=run.pk)


def plan_of(run: Run) -> dict[str, object]:
    state = state_of(run)
    with state.storage.open(state.location, PLAN) as file:
        found: dict[str, object] = json.loads(file.read())
    return found


def test_run_of_workspace_uses_its_environment(ada: User, workspace_of: Callable[..., Workspace]) -> None:
    workspace = workspace_of(ada)
    run = from_workspace(queued(ada), workspace)
    assert environment_of(run) == RunEnvironment(workspace)
    controlled()
    assert plan_of(run)["environment_name"] == f"workspace {workspace.name}"
    run.refresh_from_db()
    assert run.job is not None
    assert environment_of_job(run.job) == RunEnvironment(workspace)


def test_run_of_client_uses_base_of_site(ada: User) -> None:
    run = queued(ada)
    assert environment_of(run) == RunEnvironment(None)
    controlled()
    assert plan_of(run)["environment_name"] == "this site"


def test_foreign_or_deleted_workspace_gives_no_environment(
    ada: User, make_user: Callable[..., User], workspace_of: Callable[..., Workspace]
) -> None:
    own, foreign = workspace_of(ada), workspace_of(make_user("grace"))
    assert environment_of(from_workspace(created(ada), foreign)) == RunEnvironment(None)
    delete_workspace(owner=ada, workspace_id=own.pk, force=True, now=timezone.now())
    assert environment_of(from_workspace(created(ada), own)) == RunEnvironment(None)


def test_run_in_images_uses_no_environment(ada: User, workflows: Registry) -> None:
    declaration = Declaration(PluginKind.CONTAINER_RUNTIME, "none", "FakeContainerRuntime", {}, "test.none")
    workflows.add(declaration, FakeContainerRuntime.build("none"))
    run = queued(ada)
    assert environment_of(run) is None
    controlled()
    written = plan_of(run)
    assert (written["environment_name"], isinstance(written["runtime"], dict)) == ("", True)
    assert "'uses_images': True" in str(written["runtime"])


def test_log_line() -> None:
    record = {"name": "workspace Fit", "packages": 2, "sha256": DIGEST, "file": "environment-1.lock"}
    expected = f"Environment: workspace Fit, 2 packages, lock sha256:{DIGEST} in environment-1.lock"
    assert read_environment(record).line == expected
    assert read_environment({"name": "x", "message": "It has no Python."}).line == "Environment: x. It has no Python."


@pytest.mark.parametrize("file", ["../environment.lock", "environment-0.lock", "/environment.lock", "other", 7, None])
def test_invalid_lock_file_name_is_ignored(file: object) -> None:
    assert read_environment({"name": "x", "packages": 1, "sha256": DIGEST, "file": file}).file == ""


@pytest.mark.parametrize(
    "about", [{"packages": True}, {"packages": -1}, {"packages": 10**9}, {"sha256": "x"}, {"sha256": [DIGEST]}]
)
def test_damaged_lock_is_ignored(about: dict[str, object]) -> None:
    record = {"name": "x", "packages": 1, "sha256": DIGEST, "file": "environment.lock", **about}
    assert read_environment(record) == EnvironmentRecord("x")


@pytest.mark.parametrize("name", ["", None, {"a": 1}])
def test_environment_without_name(name: object) -> None:
    assert read_environment({"name": name}).name == "unnamed"


def test_texts_are_shortened_and_storable() -> None:
    found = read_environment({"name": "x\0\ud800" + "y" * 10_000})
    assert (len(found.name), found.name[:3]) == (500, "x\N{REPLACEMENT CHARACTER}?")
