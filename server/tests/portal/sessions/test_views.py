"""Stop, and logs."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from portal.sessions.test_launch import CHOICE
from user_workspaces.controller.reconcile import reconcile_jobs
from user_workspaces.errors import ResourceUnavailable
from user_workspaces.jobs.models import Job
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workspaces.models import Workspace

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


def test_stop_asks_and_names_the_consequences(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, ready=True)
    content = browser.get(f"/session/{job.pk}/stop/", **HTMX).content.decode()
    assert "Stop JupyterLab?" in content
    assert "will be lost" in content
    job.refresh_from_db()
    assert job.status == "running"


def test_stop_stops_and_reloads_the_page(browser: Client, workspace: Workspace, job_in: Callable[..., Job]) -> None:
    job = job_in(workspace, ready=True)
    response = browser.post(f"/session/{job.pk}/stop/", **HTMX)
    assert (response.status_code, response["HX-Trigger"], response.content) == (200, '{"uws-changed": {}}', b"")
    job.refresh_from_db()
    assert job.status == "stopping"


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/open/1/?to=lab", "/open/1/?to=lab"),
        ("http://testserver/session/1/stop/", "/w/{workspace}/"),
        ("https://evil.example//evil.example/x", "/evil.example/x"),
        ("", "/"),
    ],
)
def test_stop_redirects_to_the_previous_page(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], referer: str, back: str
) -> None:
    response = browser.post(f"/session/{job_in(workspace).pk}/stop/", HTTP_REFERER=referer)
    assert response["Location"] == back.format(workspace=workspace.pk)


def test_stop_of_an_ended_job_is_reported(browser: Client, workspace: Workspace, job_in: Callable[..., Job]) -> None:
    job = job_in(workspace, "complete")
    assert b"There is nothing to stop. Status: finished." in browser.get(f"/session/{job.pk}/stop/", **HTMX).content
    response = browser.post(f"/session/{job.pk}/stop/", **HTMX)
    assert response.status_code == 422
    assert b"not running or pending" in response.content


def test_log_of_a_running_job_comes_from_the_resource(
    browser: Client, workspace: Workspace, resource: FakeResource
) -> None:
    browser.post(f"/w/{workspace.pk}/launch/", CHOICE)
    job = Job.objects.get()
    assert b"No output yet" in browser.get(f"/session/{job.pk}/log/", **HTMX).content
    reconcile_jobs(now=job.datetime_created)
    resource.print(job.key, "one\n<b>two</b>\n")
    content = browser.get(f"/session/{job.pk}/log/", **HTMX).content.decode()
    assert "one\n&lt;b&gt;two" in content
    assert 'hx-trigger="every 2s"' in content


def test_log_of_an_ended_job_is_the_stored_one(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], resource: FakeResource
) -> None:
    job = job_in(workspace, "failed", log_tail="the end")
    content = browser.get(f"/session/{job.pk}/log/").content.decode()
    assert "the end" in content
    assert "every 2s" not in content
    assert resource.calls["log_tail"] == 0


def test_log_of_an_unavailable_resource(
    browser: Client,
    workspace: Workspace,
    job_in: Callable[..., Job],
    resource: FakeResource,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silent(_key: str, *, lines: int) -> str:
        raise ResourceUnavailable(f"The resource does not respond ({lines}).")

    monkeypatch.setattr(resource, "log_tail", silent)
    response = browser.get(f"/session/{job_in(workspace).pk}/log/")
    assert response.status_code == 200
    assert b"The resource does not respond" in response.content


def test_log_of_a_resource_no_longer_configured(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, resource="gone", job_type="gone_too")
    assert browser.get(f"/session/{job.pk}/log/").status_code == 200
    assert b"gone_too on gone" in browser.get("/").content
