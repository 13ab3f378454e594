"""Runs of the workflow in a workspace: copied inputs, outputs and provenance."""

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import yaml

from api.conftest import Caller, content
from support.runs import Runner, controlled, specification, workflows_on
from user_workspaces import registry
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle.waiting_limit import QUEUED
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.actions import upload_file
from user_workspaces.workspaces.details import Details, NewFile
from user_workspaces.workspaces.files import walk_folder
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db
SPECIFICATION = yaml.safe_dump(specification(pause=1)).encode()
FILES = Details(files=(NewFile("reana.yaml", SPECIFICATION), NewFile("data.txt", b"1"), NewFile("other.txt", b"2")))


@pytest.fixture
def workflows(site: Registry) -> Iterator[Registry]:
    with workflows_on(site) as found:
        yield found


@pytest.fixture
def analysis(workflows: Registry, ada: Caller, workspace_of: Callable[..., Workspace]) -> Workspace:
    return workspace_of(ada.user, "analysis", FILES)


def test_run_copies_the_inputs_of_its_workspace(ada: Caller, analysis: Workspace) -> None:
    body = {"name": "fit", "parameters": {"pause": 2}}
    response = ada("POST", f"/workspaces/{analysis.pk}/runs/", body)
    assert response.status == 200, response.message
    told = response.body["data"]["run"]
    assert (told["name"], told["status"]) == ("fit.1", "queued")
    run = Run.objects.select_related("workspace__owner").get(pk=told["id"])
    assert run.parameters == {"pause": 2}
    assert content(run.workspace, "data.txt") == b"1"
    assert content(run.workspace, "reana.yaml") == SPECIFICATION
    listed = ada("GET", f"/workspaces/{analysis.pk}/runs/").body["data"]
    assert [one["name"] for one in listed["runs"]] == ["fit.1"]
    assert [one["name"] for one in ada("GET", "/workspaces/").body["data"]["workspaces"]] == ["analysis"]


def test_the_environment_of_a_workspace_is_not_copied(ada: Caller, analysis: Workspace) -> None:
    inputs = {"files": ["data.txt", ".environment/named.txt"], "directories": [".", ".environment"]}
    document = yaml.safe_dump({**specification(), "inputs": inputs}).encode()
    for path, text in (("reana.yaml", document), (".environment/named.txt", b"1"), (".environment/py/a.py", b"2")):
        upload_file(workspace=analysis, path=path, chunks=[text], now=analysis.datetime_created)
    told = ada("POST", f"/workspaces/{analysis.pk}/runs/", {"name": "fit"}).body["data"]["run"]
    run = Run.objects.select_related("workspace__owner").get(pk=told["id"])
    copied = {entry.path for entry in walk_folder(workspace=run.workspace, path="")}
    assert copied >= {"data.txt", "reana.yaml"}
    assert not [path for path in copied if path.startswith(".environment")]


def test_outputs_are_copied_with_the_lock_of_their_environment(
    ada: Caller, analysis: Workspace, resource: FakeResource
) -> None:
    told = ada("POST", f"/workspaces/{analysis.pk}/runs/", {"name": "fit"}).body["data"]["run"]
    run = Run.objects.select_related("workspace__owner").get(pk=told["id"])
    controlled()
    runner = Runner(run, resource)
    runner.begin()
    about = {"name": "workspace analysis", "packages": 1, "sha256": "0" * 64, "file": "environment.lock"}
    runner.describe_environment(**about)
    for path in ("results/out.txt", "environment.lock"):
        upload_file(workspace=run.workspace, path=path, chunks=[b"42"], now=run.datetime_created)
    runner.end()
    controlled()
    controlled()
    paths = ada("POST", f"/workspaces/{analysis.pk}/runs/{told['id']}/outputs/", {}).body["data"]["paths"]
    assert paths == ["fit.1/results/out.txt", "fit.1/environment.lock", "fit.1/provenance.json"]
    assert json.loads(content(analysis, "fit.1/provenance.json"))["environment"] == {**about, "message": ""}


def test_outputs_are_copied_with_their_provenance(ada: Caller, analysis: Workspace, resource: FakeResource) -> None:
    told = ada("POST", f"/workspaces/{analysis.pk}/runs/", {"name": "fit"}).body["data"]["run"]
    outputs = f"/workspaces/{analysis.pk}/runs/{told['id']}/outputs/"
    assert ada("POST", outputs, {}).status == 409
    run = Run.objects.select_related("workspace__owner").get(pk=told["id"])
    controlled()
    runner = Runner(run, resource)
    runner.begin()
    upload_file(workspace=run.workspace, path="results/out.txt", chunks=[b"42"], now=run.datetime_created)
    runner.end()
    controlled()
    controlled()
    response = ada("POST", outputs, {})
    assert response.body["data"]["paths"] == ["fit.1/results/out.txt", "fit.1/provenance.json"]
    assert content(analysis, "fit.1/results/out.txt") == b"42"
    provenance = json.loads(content(analysis, "fit.1/provenance.json"))
    assert provenance["run"] == told["id"]
    assert provenance["resource"] == "local"
    assert provenance["outputs_sha256"] == {"results/out.txt": hashlib.sha256(b"42").hexdigest()}
    assert len(provenance["inputs_sha256"]) == len(provenance["specification_sha256"]) == 64
    assert ada("POST", outputs, {}).status == 409


@pytest.mark.parametrize(
    ("files", "body", "message"),
    [
        ((), {}, "There is no reana.yaml in this workspace."),
        (FILES.files, {"path": "nope.yaml"}, "There is no nope.yaml in this workspace."),
        (FILES.files[:1], {}, "data.txt"),
        (FILES.files, {"parameters": {"nope": 1}}, "'nope' is not a parameter of this workflow, which has: pause."),
        ((NewFile("reana.yaml", b"a: ["),), {}, "The specification cannot be used: line 2, column 1"),
    ],
)
def test_invalid_run_leaves_nothing(
    ada: Caller,
    workflows: Registry,
    workspace_of: Callable[..., Workspace],
    files: tuple[NewFile, ...],
    body: dict[str, object],
    message: str,
) -> None:
    workspace = workspace_of(ada.user, "analysis", Details(files=files))
    response = ada("POST", f"/workspaces/{workspace.pk}/runs/", body)
    assert 400 <= response.status < 500
    assert message in response.message
    assert not Run.objects.exclude(status="deleted").exists()


def test_a_run_of_another_workspace_is_not_found(ada: Caller, analysis: Workspace, workspace: Workspace) -> None:
    told = ada("POST", f"/workspaces/{analysis.pk}/runs/", {}).body["data"]["run"]
    assert ada("POST", f"/workspaces/{workspace.pk}/runs/{told['id']}/outputs/", {}).status == 404
    assert ada("GET", f"/workspaces/{workspace.pk}/runs/").body["data"]["runs"] == []


def test_too_many_queued_runs_are_refused(ada: Caller, analysis: Workspace) -> None:
    site = registry.site()
    registry.install(registry.current(), replace(site, workflows=replace(site.workflows, queued_per_user=1)))
    assert ada("POST", f"/workspaces/{analysis.pk}/runs/", {"name": "fit"}).status == 200
    response = ada("POST", f"/workspaces/{analysis.pk}/runs/", {"name": "fit"})
    assert (response.status, response.message) == (429, QUEUED.format(number=1))
    assert Run.objects.count() == 1
