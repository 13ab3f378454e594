"""The list of all runs, and of the runs of a workspace."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from support.runs import Runner, controlled, created, queued, specification, workflows_on
from user_workspaces.accounts.actions import mint_token
from user_workspaces.accounts.models import User
from user_workspaces.jobs.actions import LaunchRequest, start_job
from user_workspaces.jobs.session_tokens import grant_session_token, session_token
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workflows.lifecycle.actions import delete_run
from user_workspaces.workflows.models import Run
from user_workspaces.workspaces.actions import measure, upload_file
from user_workspaces.workspaces.files import remove_entry
from user_workspaces.workspaces.models import Workspace

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
YAML = b"""\
# what is run
version: 0.9.4
inputs:
  files: [data.txt]
  parameters: {pause: 1, who: world, loud: false, list: [1, 2]}
workflow:
  type: serial
  specification:
    steps:
      - name: only
        environment: python:3.12
        commands: ["echo ${who}"]
"""


@pytest.fixture(autouse=True)
def workflows(site: Registry) -> Iterator[Registry]:
    with workflows_on(site) as found:
        yield found


def put(workspace: Workspace, **files: bytes) -> None:
    for name, content in files.items():
        path = name.replace("__", ".")
        upload_file(workspace=workspace, path=path, chunks=[content], size=len(content), now=timezone.now())


def page_of(browser: Client, path: str, status: int = 200) -> str:
    response = browser.get(path)
    assert response.status_code == status
    return response.content.decode()


def test_empty_list_explains_runs(browser: Client) -> None:
    page = page_of(browser, "/runs/")
    assert "Start your first run" in page
    assert "every 15s" in page


def test_list_shows_state_name_and_progress(browser: Client, ada: User, resource: FakeResource) -> None:
    run = queued(ada, "hello")
    page = page_of(browser, "/runs/")
    assert "waiting" in page
    assert "1 waiting - Runs" in page
    assert "every 1s" in page
    controlled()
    runner = Runner(run, resource)
    runner.begin()
    controlled()
    controlled()
    page = page_of(browser, "/runs/")
    assert "1 running - Runs" in page
    assert 'value="0"' in page
    assert "0/1, only" in page
    runner.end("failed")
    controlled()
    controlled()
    assert "failed at only" in page_of(browser, "/runs/")
    assert "1 running" not in page_of(browser, "/runs/")


def test_list_is_searched_filtered_and_sorted(browser: Client, ada: User) -> None:
    for name in ("alpha", "beta", "betamax"):
        created(ada, name)
    queued(ada, "gamma")

    def names(query: str) -> list[str]:
        page = page_of(browser, f"/runs/?{query}")
        found = [name for name in ("alpha", "beta", "betamax", "gamma") if f">{name} <" in page]
        return sorted(found, key=lambda name: page.index(f">{name} <"))

    assert names("q=BETA") == ["betamax", "beta"]
    assert names("status=going") == ["gamma"]
    assert names("status=created&sort=oldest") == ["alpha", "beta", "betamax"]
    assert names("sort=name") == ["alpha", "beta", "betamax", "gamma"]
    assert names("status=nonsense&sort=%00&page=99") == ["gamma", "betamax", "beta", "alpha"]
    assert "No matches" in page_of(browser, "/runs/?q=nothing")


def test_deleted_runs_are_shown_on_request(browser: Client, ada: User) -> None:
    run = created(ada, "hello")
    delete_run(run=run, now=timezone.now())
    assert "Start your first run" in page_of(browser, "/runs/")
    assert ">hello <" in page_of(browser, "/runs/?status=deleted")


def test_unchanged_list_is_not_sent_again(browser: Client, ada: User) -> None:
    queued(ada, "hello")
    response = browser.get("/runs/", **HTMX)
    fingerprint = response.content.decode().partition('"seen": "')[2].partition('"')[0]
    assert browser.get(f"/runs/?seen={fingerprint}", **HTMX).status_code == 204


def test_filter_is_in_the_address(browser: Client, ada: User) -> None:
    response = browser.get("/runs/?q=a&status=&sort=", HTTP_HX_TRIGGER="filter", **HTMX)
    assert response["HX-Push-Url"] == "/runs/?q=a"


def test_list_makes_a_constant_number_of_queries(browser: Client, ada: User) -> None:
    created(ada, "one")
    browser.get("/runs/")
    with CaptureQueriesContext(connection) as before:
        browser.get("/runs/")
    for number in range(6):
        created(ada, f"more-{number}")
    with CaptureQueriesContext(connection) as after:
        browser.get("/runs/")
    assert len(after) == len(before) <= 8


def test_list_has_pages(browser: Client, ada: User) -> None:
    for number in range(21):
        created(ada, f"n{number}")
    assert "Page 1 of 2" in page_of(browser, "/runs/")
    assert ">n0 <" in page_of(browser, "/runs/?page=2")


def test_stranger_sees_no_runs(browser: Client, stranger: Client, ada: User, workspace: Workspace) -> None:
    created(ada, "hello")
    assert ">hello <" not in page_of(stranger, "/runs/?status=created")
    assert "Start your first run" in page_of(stranger, "/runs/")
    page_of(stranger, f"/w/{workspace.pk}/runs/", status=404)


def test_workspace_without_workflow_explains_it(browser: Client, workspace: Workspace) -> None:
    page = page_of(browser, f"/w/{workspace.pk}/runs/")
    assert "add a <code>reana.yaml</code>" in page
    assert "Run workflow" not in page


def test_workspace_offers_its_workflow_only_while_it_exists(browser: Client, workspace: Workspace) -> None:
    location = f"/w/{workspace.pk}/"
    assert "Run workflow" not in page_of(browser, location)
    put(workspace, reana__yaml=YAML)
    assert "Run workflow" in page_of(browser, location)  # not measured yet
    measure(Workspace.objects.get(pk=workspace.pk))
    assert "Run workflow" in page_of(browser, location)
    remove_entry(workspace=workspace, path="reana.yaml", now=timezone.now())
    assert "Run workflow" not in page_of(browser, location)


def test_runs_of_a_session_are_listed_with_its_workspace(
    browser: Client, stranger: Client, ada: User, workspace: Workspace
) -> None:
    launch = LaunchRequest(owner=ada, workspace_id=workspace.pk, job_type="jupyter_lab")
    job = start_job(launch, now=timezone.now())
    assert grant_session_token(job=job, now=timezone.now())
    location, others = f"/w/{workspace.pk}/runs/", mint_token(user=ada, name=f"Session {job.pk}", now=timezone.now())
    assert "No workflow has been run from this workspace yet" in page_of(browser, location)
    for name, token in (("inside", session_token(job).text), ("outside", others)):
        response = Client().post(
            f"/api/workflows?access_token={token}&workflow_name={name}",
            specification(),
            content_type="application/json",
        )
        assert response.status_code == 201
    page = page_of(browser, location)
    assert ">inside <" in page
    assert ">outside <" not in page
    assert workspace.name in page_of(browser, f"/runs/{Run.objects.get(name='inside').pk}/")
    assert stranger.get(location).status_code == 404


def test_workspace_offers_its_workflows_and_lists_its_runs(browser: Client, ada: User, workspace: Workspace) -> None:
    put(workspace, reana__yaml=YAML, data__txt=b"1")
    put(workspace, **{"reana-fit__yaml": YAML})
    page = page_of(browser, f"/w/{workspace.pk}/runs/")
    assert "Run workflow" in page
    assert "Run reana-fit.yaml" in page
    assert browser.post(f"/w/{workspace.pk}/run/", {"path": "reana.yaml", "name": "mine"}).status_code == 422
    given = {"path": "reana.yaml", "name": "mine", "p0": "1", "p1": "world", "p2": "false", "p3": "[1, 2]"}
    response = browser.post(f"/w/{workspace.pk}/run/", given)
    run = Run.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/runs/{run.pk}/")
    assert (run.name, run.status, run.parameters) == ("mine", "queued", {})
    created(ada, "other")
    page = page_of(browser, f"/w/{workspace.pk}/runs/")
    assert ">mine <" in page
    assert ">other <" not in page
