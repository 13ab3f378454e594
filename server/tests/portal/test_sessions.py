"""Launching, launching again, stopping, logs."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.controller.reconcile import reconcile_jobs
from user_workspaces.errors import ResourceUnavailable
from user_workspaces.jobs.models import Job
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workspaces.models import Workspace

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
CHOICE = {
    "job_type": "jupyter_lab",
    "resource": "local",
    "option-num_cpus": "2",
    "option-memory_mb": "2048",
    "option-time_limit_min": "60",
}


def chosen_in(content: str) -> str:
    """Return the application that is checked."""
    [chosen] = re.findall(r'<input [^>]*name="job_type" value="(\w+)"[^>]* checked', content)
    return str(chosen)


def test_launch_offers_cards_and_bounded_numbers(browser: Client, workspace: Workspace) -> None:
    content = browser.get(f"/w/{workspace.pk}/launch/", **HTMX).content.decode()
    assert "<dialog" in content
    assert 'value="jupyter_lab"' in content
    assert 'name="option-num_cpus" value="1" min="1" max="16"' in content
    assert 'type="hidden" name="resource" value="local"' in content
    assert "<dialog" not in browser.get(f"/w/{workspace.pk}/launch/").content.decode()


def test_launch_starts_a_job_and_goes_to_wait_for_it(browser: Client, workspace: Workspace, ada: User) -> None:
    answer = browser.post(f"/w/{workspace.pk}/launch/", CHOICE)
    job = Job.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/open/{job.pk}/")
    assert (job.owner, job.workspace_id, job.job_type, job.resource) == (ada, workspace.pk, "jupyter_lab", "local")
    assert (job.cpus, job.memory_mb, job.time_limit_seconds) == (2, 2048, 3600)


def test_launch_by_htmx_sends_the_browser_on(browser: Client, workspace: Workspace) -> None:
    answer = browser.post(f"/w/{workspace.pk}/launch/", CHOICE, **HTMX)
    assert answer["HX-Redirect"] == f"/open/{Job.objects.get().pk}/"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"option-num_cpus": "99"}, "less than or equal to 16"),
        ({"option-num_cpus": "0"}, "greater than or equal to 1"),
        ({"option-num_cpus": "many"}, "Enter a whole number"),
        ({"option-num_cpus": ""}, "This field is required"),
        ({"option-num_cpus": "1" * 5000}, "id_option-num_cpus_error"),
        ({"job_type": "nothing"}, "Select a valid choice"),
        ({"resource": "elsewhere"}, "<form"),
    ],
)
def test_launch_with_a_problem_says_so_beside_the_field(
    browser: Client, workspace: Workspace, change: dict[str, str], problem: str
) -> None:
    answer = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, **change}, **HTMX)
    assert answer.status_code == 422
    assert problem in answer.content.decode()
    assert Job.objects.count() == 0


def test_launch_shows_what_the_action_refuses_beside_the_field(browser: Client, workspace: Workspace) -> None:
    tight = tuple(
        replace(one, type_name="str", minimum=None, maximum=None) if one.variable_name == "num_cpus" else one
        for one in registry.site().parameters
    )
    registry.install(registry.current(), replace(registry.site(), parameters=tight))
    answer = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "option-num_cpus": ""}, **HTMX)
    assert answer.status_code == 422
    assert b"id_option-num_cpus_error" in answer.content


def test_launch_into_a_workspace_that_goes_is_refused(browser: Client, workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(status="deleting")
    answer = browser.post(f"/w/{workspace.pk}/launch/", CHOICE, **HTMX)
    assert answer.status_code == 422
    assert b"nothing can be launched in it now" in answer.content
    assert Job.objects.count() == 0


def test_launch_remembers_the_last_choice(browser: Client, workspace: Workspace, job_in: Callable[..., Job]) -> None:
    job_in(workspace, "complete", job_type="local_test")
    content = browser.get(f"/w/{workspace.pk}/launch/", **HTMX).content.decode()
    assert 'name="option-num_cpus" value="2"' in content
    assert chosen_in(content) == "jupyter_lab"  # what nobody opens is not offered
    assert "local_test" not in content


def test_launch_offers_the_usual_application_of_the_workspace(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job_in(workspace, "complete")
    Workspace.objects.filter(pk=workspace.pk).update(default_job_type="local_test")
    content = browser.get(f"/w/{workspace.pk}/launch/", **HTMX).content.decode()
    assert chosen_in(content) == "local_test"


def test_launch_offers_a_choice_of_resources_where_there_is_one(browser: Client, workspace: Workspace) -> None:
    site = registry.site()
    further = {**site.resources, "cluster": replace(site.resources["local"], name="The cluster")}
    registry.install(registry.current(), replace(site, resources=further))
    content = browser.get(f"/w/{workspace.pk}/launch/", **HTMX).content.decode()
    assert "The cluster" in content
    browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "resource": "cluster"})
    assert Job.objects.get().resource == "cluster"


def test_launch_again_starts_the_same(browser: Client, workspace: Workspace, job_in: Callable[..., Job]) -> None:
    old = job_in(workspace, "failed")
    answer = browser.post(f"/session/{old.pk}/again/")
    job = Job.objects.exclude(pk=old.pk).get()
    assert answer["Location"] == f"/open/{job.pk}/"
    assert (job.job_type, job.resource, job.cpus, job.memory_mb) == ("jupyter_lab", "local", 2, 2048)


def test_launch_again_of_what_is_not_allowed_any_more_is_told(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    old = job_in(workspace, "failed", requested={"job_details": {}, "resource_options": {"num_cpus": 99}})
    where = f"/w/{workspace.pk}/"
    answer = browser.post(f"/session/{old.pk}/again/", HTTP_REFERER=f"http://evil.example{where}", follow=True)
    assert answer.redirect_chain == [(where, 302)]
    assert b"above maximum" in answer.content


def test_launch_again_of_a_workspace_that_is_gone(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    old = job_in(workspace, "complete")
    Workspace.objects.filter(pk=workspace.pk).delete()
    assert browser.post(f"/session/{old.pk}/again/").status_code == 404


def test_stop_asks_and_says_what_is_lost(browser: Client, workspace: Workspace, job_in: Callable[..., Job]) -> None:
    job = job_in(workspace, ready=True)
    content = browser.get(f"/session/{job.pk}/stop/", **HTMX).content.decode()
    assert "Stop JupyterLab?" in content
    assert "is lost" in content
    job.refresh_from_db()
    assert job.status == "running"


def test_stop_stops_and_has_the_page_look_again(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, ready=True)
    answer = browser.post(f"/session/{job.pk}/stop/", **HTMX)
    assert (answer.status_code, answer["HX-Trigger"], answer.content) == (200, '{"uws-changed": {}}', b"")
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
def test_stop_goes_back_to_where_one_was(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], referer: str, back: str
) -> None:
    answer = browser.post(f"/session/{job_in(workspace).pk}/stop/", HTTP_REFERER=referer)
    assert answer["Location"] == back.format(workspace=workspace.pk)


def test_stop_of_what_ended_is_told(browser: Client, workspace: Workspace, job_in: Callable[..., Job]) -> None:
    job = job_in(workspace, "complete")
    assert b"finished already" in browser.get(f"/session/{job.pk}/stop/", **HTMX).content
    answer = browser.post(f"/session/{job.pk}/stop/", **HTMX)
    assert answer.status_code == 422
    assert b"not running or pending" in answer.content


def test_log_of_a_running_job_comes_from_the_resource(
    browser: Client, workspace: Workspace, resource: FakeResource
) -> None:
    browser.post(f"/w/{workspace.pk}/launch/", CHOICE)
    job = Job.objects.get()
    assert b"Nothing was printed yet" in browser.get(f"/session/{job.pk}/log/", **HTMX).content
    reconcile_jobs(now=job.datetime_created)
    resource.print(job.key, "one\n<b>two</b>\n")
    content = browser.get(f"/session/{job.pk}/log/", **HTMX).content.decode()
    assert "one\n&lt;b&gt;two" in content
    assert 'hx-trigger="every 2s"' in content


def test_log_of_an_ended_job_is_the_kept_one(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], resource: FakeResource
) -> None:
    job = job_in(workspace, "failed", log_tail="the end")
    content = browser.get(f"/session/{job.pk}/log/").content.decode()
    assert "the end" in content
    assert "every 2s" not in content
    assert resource.calls["log_tail"] == 0


def test_log_of_a_resource_that_does_not_answer(
    browser: Client,
    workspace: Workspace,
    job_in: Callable[..., Job],
    resource: FakeResource,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def silent(_key: str, *, lines: int) -> str:
        raise ResourceUnavailable(f"The resource does not answer ({lines}).")

    monkeypatch.setattr(resource, "log_tail", silent)
    answer = browser.get(f"/session/{job_in(workspace).pk}/log/")
    assert answer.status_code == 200
    assert b"The resource does not answer" in answer.content


def test_log_of_a_resource_that_is_not_configured_any_more(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, resource="gone", job_type="gone_too")
    assert browser.get(f"/session/{job.pk}/log/").status_code == 200
    assert b"gone_too on gone" in browser.get("/").content
