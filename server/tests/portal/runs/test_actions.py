"""Actions on runs: run a workflow, restart, stop, delete, copy results."""

import json
from collections.abc import Iterator
from copy import copy
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from support.runs import Runner, controlled, created, queued, workflows_on
from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.portal.runs.forms import ParametersForm
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle.actions import Start, restart_run
from user_workspaces.workflows.lifecycle.waiting_limit import QUEUED
from user_workspaces.workflows.lifecycle.workspace_runs import MOST_RESTARTS, restarts_after
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import workspace_of
from user_workspaces.workspaces.actions import upload_file
from user_workspaces.workspaces.files import open_file
from user_workspaces.workspaces.models import Workspace

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
YAML = b"""\
version: 0.9.4
inputs:
  files: [data.txt]
  parameters: {pause: 1, who: world, loud: false, list: [1, 2]}
outputs:
  files: [results/out.txt]
workflow:
  type: serial
  specification:
    steps:
      - name: only
        environment: python:3.12
        commands: ["echo ${who}"]
"""
GIVEN = {"path": "reana.yaml", "name": "mine", "p0": "1", "p1": "world", "p2": "false", "p3": "[1, 2]"}


@pytest.fixture(autouse=True)
def workflows(site: Registry) -> Iterator[Registry]:
    with workflows_on(site) as found:
        yield found


def put(workspace: Workspace, path: str, content: bytes) -> None:
    upload_file(workspace=workspace, path=path, chunks=[content], size=len(content), now=timezone.now())


@pytest.fixture
def ready(workspace: Workspace) -> Workspace:
    """A workspace with a workflow and its data."""
    put(workspace, "reana.yaml", YAML)
    put(workspace, "data.txt", b"1")
    return workspace


@pytest.fixture
def finished(ada: User, resource: FakeResource) -> Run:
    """A run with a result."""
    run = queued(ada, "hello", who="world", pause=1)
    controlled()
    runner = Runner(run, resource)
    runner.begin()
    put(workspace_of(run), "results/out.txt", b"42")
    runner.end()
    controlled()
    controlled()
    return Run.objects.select_related("owner", "job").get(pk=run.pk)


def test_form_has_a_field_for_each_parameter(browser: Client, ready: Workspace) -> None:
    page = browser.get(f"/w/{ready.pk}/run/", **HTMX).content.decode()
    assert "<dialog" in page
    for number, name in enumerate(("pause", "who", "loud", "list")):
        assert f'<label for="run_p{number}"> {name} </label>' in " ".join(page.split())
    assert 'value="cell-atlas"' in page
    assert f"in the environment of <strong>workspace {ready.name}</strong>." in page
    assert 'value="world"' in page


def test_workflow_is_run_with_other_parameters(browser: Client, ready: Workspace) -> None:
    given = {**GIVEN, "p0": "2.5", "p1": " moon", "p2": "true", "p3": '{"a": 1}'}
    assert browser.post(f"/w/{ready.pk}/run/", given, **HTMX)["HX-Redirect"].startswith("/runs/")
    run = Run.objects.get()
    assert run.parameters == {"pause": 2.5, "who": " moon", "loud": True, "list": {"a": 1}}
    assert run.origin["workspace_id"] == ready.pk
    with open_file(workspace=workspace_of(run), path="data.txt").content as content:
        assert content.read() == b"1"


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("p0", "two", "This must be a number."),
        ("p0", "NaN", "This must be a number."),
        ("p0", "true", "This must be a number."),
        ("p2", "perhaps", "Select a valid choice"),
        ("p3", "[1,", "This must be valid JSON."),
        ("p3", "[" * 5000, "This must be valid JSON."),
        ("name", "a.b", "illegal character"),
        ("name", "a/b", "slashes are not allowed"),
    ],
)
def test_invalid_parameter_is_an_error_of_its_field(
    browser: Client, ready: Workspace, field: str, value: str, said: str
) -> None:
    response = browser.post(f"/w/{ready.pk}/run/", {**GIVEN, field: value}, **HTMX)
    assert response.status_code == 422
    page = response.content.decode()
    assert said in page
    assert 'value="world"' in page
    assert not Run.objects.exists()


def test_invalid_specification_is_rejected_with_line_and_column(browser: Client, workspace: Workspace) -> None:
    put(
        workspace,
        "reana.yaml",
        YAML.replace(b"type: serial", b"type: serial\n  typo: 1").replace(b"[data", b"[3, data"),
    )
    response = browser.get(f"/w/{workspace.pk}/run/", **HTMX)
    assert response.status_code == 422
    page = " ".join(response.content.decode().split())
    assert "line 3, column 11" in page
    assert "reana.yaml cannot be run" in page
    assert browser.post(f"/w/{workspace.pk}/run/", GIVEN, **HTMX).status_code == 422
    assert not Run.objects.exists()


def test_unknown_engine_and_missing_input_are_reported(browser: Client, workspace: Workspace) -> None:
    put(workspace, "reana.yaml", YAML)
    response = browser.post(f"/w/{workspace.pk}/run/", GIVEN, **HTMX)
    assert (response.status_code, b"data.txt" in response.content) == (422, True)
    assert not Run.objects.exclude(status="deleted").exists()


def test_workspace_without_specification_cannot_run(browser: Client, workspace: Workspace) -> None:
    assert browser.get(f"/w/{workspace.pk}/run/").status_code == 404
    assert browser.get(f"/w/{workspace.pk}/run/?path=../../etc/passwd").status_code == 400


def test_created_run_is_started(browser: Client, ada: User) -> None:
    run = created(ada, "hello", who="world")
    assert "Start hello.1" in browser.get(f"/runs/{run.pk}/again/", **HTMX).content.decode()
    response = browser.post(f"/runs/{run.pk}/again/", {"p0": "moon"})
    assert response["Location"] == f"/runs/{run.pk}/"
    run.refresh_from_db()
    assert (run.status, run.parameters) == ("queued", {"who": "moon"})


def test_run_is_restarted_with_other_parameters(browser: Client, finished: Run) -> None:
    response = browser.post(f"/runs/{finished.pk}/again/", {"p0": "moon", "p1": "1"})
    other = Run.objects.get(minor=1)
    assert response["Location"] == f"/runs/{other.pk}/"
    assert (other.full_name, other.parameters, other.workspace_id) == (
        "hello.1.1",
        {"who": "moon"},
        finished.workspace_id,
    )
    page = browser.get(f"/runs/{other.pk}/again/", **HTMX).content.decode()
    assert "Default: world." in page
    response = browser.post(f"/runs/{finished.pk}/again/", {"p0": "moon", "p1": "1"}, **HTMX)
    assert (response.status_code, b"is being run" in response.content) == (422, True)


def test_run_is_stopped_after_confirmation(browser: Client, ada: User) -> None:
    run = queued(ada)
    assert "Stop it" in browser.get(f"/runs/{run.pk}/stop/", **HTMX).content.decode()
    response = browser.post(f"/runs/{run.pk}/stop/", **HTMX)
    assert "uws-changed" in response["HX-Trigger"]
    run.refresh_from_db()
    assert run.status == "stopped"
    assert "There is nothing to stop. Status: stopped." in browser.get(f"/runs/{run.pk}/stop/", **HTMX).content.decode()
    assert browser.post(f"/runs/{run.pk}/stop/", **HTMX).status_code == 422


def test_deletion_shows_a_summary_and_keeps_the_row(browser: Client, finished: Run) -> None:
    page = browser.get(f"/runs/{finished.pk}/delete/", **HTMX).content.decode()
    assert "hello.1, finished" in page
    assert browser.post(f"/runs/{finished.pk}/delete/")["Location"] == "/runs/"
    finished.refresh_from_db()
    assert finished.status == "deleted"
    assert browser.post(f"/runs/{finished.pk}/delete/")["Location"] == "/runs/"
    assert "hello.1 is being deleted." in browser.get("/runs/").content.decode()


def test_active_run_is_not_deleted(browser: Client, ada: User) -> None:
    run = queued(ada)
    page = browser.get(f"/runs/{run.pk}/delete/", **HTMX).content.decode()
    assert "Stop it first." in page
    assert "Delete permanently" not in page
    assert browser.post(f"/runs/{run.pk}/delete/", **HTMX).status_code == 422


def test_results_are_copied_with_their_provenance(browser: Client, finished: Run, workspace: Workspace) -> None:
    page = browser.get(f"/runs/{finished.pk}/results/", **HTMX).content.decode()
    assert 'value="hello.1"' in page
    response = browser.post(f"/runs/{finished.pk}/results/", {"workspace": workspace.pk, "folder": "kept"})
    assert response["Location"] == f"/w/{workspace.pk}/files/"
    with open_file(workspace=workspace, path="kept/results/out.txt").content as content:
        assert content.read() == b"42"
    with open_file(workspace=workspace, path="kept/provenance.json").content as content:
        assert json.loads(content.read())["run"] == str(finished.pk)
    given = {"workspace": workspace.pk, "folder": "kept"}
    response = browser.post(f"/runs/{finished.pk}/results/", given, **HTMX)
    assert (response.status_code, b"kept already exists" in response.content) == (422, True)


def test_results_of_a_restarted_run_name_the_restarts(browser: Client, finished: Run, workspace: Workspace) -> None:
    assert "was restarted" not in browser.get(f"/runs/{finished.pk}/results/", **HTMX).content.decode()
    restart = restart_run(run=finished, start=Start(parameters={"pause": 9}), now=timezone.now())
    assert (
        f"as\n          {restart.full_name}." in browser.get(f"/runs/{finished.pk}/results/", **HTMX).content.decode()
    )
    given = {"workspace": workspace.pk, "folder": "kept"}
    refused = browser.post(f"/runs/{finished.pk}/results/", given, **HTMX)
    assert (refused.status_code, b"Copy the results later" in refused.content) == (422, True)
    Run.objects.filter(pk=restart.pk).update(status="finished")
    browser.post(f"/runs/{finished.pk}/results/", given)
    with open_file(workspace=workspace, path="kept/provenance.json").content as content:
        provenance = json.loads(content.read())
    (named,) = provenance["restarted_in_place"]
    assert (named["run"], named["name"]) == (str(restart.pk), restart.full_name)
    assert named["parameters"] == {**provenance["parameters"], "pause": 9}


def test_provenance_of_many_restarts_is_limited(finished: Run) -> None:
    copies = [copy(finished) for _ in range(MOST_RESTARTS + 5)]
    for number, one in enumerate(copies, start=1):
        one.pk, one.minor = uuid4(), number
        one.datetime_created += timedelta(seconds=number)
    Run.objects.bulk_create(copies)
    named = restarts_after(finished)
    assert [one.minor for one in named] == list(range(6, MOST_RESTARTS + 6))
    assert {"specification", "kept_logs"} <= named[0].get_deferred_fields()


def test_results_are_not_copied_to_a_workspace_of_another_user(
    browser: Client, finished: Run, workspace_of: Any, make_user: Any
) -> None:
    theirs = workspace_of(make_user("mallory"))
    page = browser.get(f"/runs/{finished.pk}/results/", **HTMX).content.decode()
    assert "You have no workspace" in page
    response = browser.post(f"/runs/{finished.pk}/results/", {"workspace": theirs.pk, "folder": "kept"}, **HTMX)
    assert response.status_code == 422


def test_unfinished_run_has_no_results(browser: Client, ada: User) -> None:
    response = browser.get(f"/runs/{queued(ada).pk}/results/", **HTMX)
    assert (response.status_code, b"no results" in response.content) == (422, True)


def test_stranger_cannot_run_in_a_workspace(stranger: Client, ready: Workspace) -> None:
    assert stranger.get(f"/w/{ready.pk}/run/").status_code == 404
    assert stranger.post(f"/w/{ready.pk}/run/", GIVEN).status_code == 404
    assert not Run.objects.exists()


def test_form_returns_only_changed_parameters() -> None:
    own: dict[str, Any] = {"a": 1, "b": "x", "c": True, "d": None, "e": 1.5}
    same = ParametersForm({"p0": "1", "p1": "x", "p2": "true", "p3": "null", "p4": "1.5"}, own=own)
    assert same.is_valid()
    assert same.parameters == {}
    other = ParametersForm({"p0": "1.0", "p1": "", "p2": "false", "p3": "[]", "p4": "2"}, own=own)
    assert other.is_valid()
    assert other.parameters == {"a": 1.0, "b": "", "c": False, "d": [], "e": 2}


def test_full_queue_is_an_error_of_the_form(browser: Client, ready: Workspace) -> None:
    site = registry.site()
    registry.install(registry.current(), replace(site, workflows=replace(site.workflows, queued_per_user=1)))
    assert browser.post(f"/w/{ready.pk}/run/", GIVEN, **HTMX)["HX-Redirect"].startswith("/runs/")
    response = browser.post(f"/w/{ready.pk}/run/", GIVEN, **HTMX)
    assert (response.status_code, QUEUED.format(number=1) in response.content.decode()) == (422, True)
