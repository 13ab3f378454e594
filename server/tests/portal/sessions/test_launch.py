"""Launch, and launch again."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.test import Client

from portal.files.test_listing import write
from portal.sessions.test_launch_fields import put_resources
from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.interfaces.capacity import Capacity
from user_workspaces.interfaces.settings import JOB_TYPE_OF_RUNS
from user_workspaces.jobs.models import Job
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_resource import FakeResource
from user_workspaces.workspaces.actions import measure
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
CHOICE = {
    "job_type": "jupyter_lab",
    "resource": "local",
    "option-num_cpus": "2",
    "option-memory_mb": "2048",
    "option-time_limit_min": "60",
}


def chosen_in(content: str) -> str:
    """Return the checked application."""
    [chosen] = re.findall(r'<input [^>]*name="job_type"\s+value="(\w+)"[^>]*\schecked', content)
    return str(chosen)


def test_launch_offers_cards_and_bounded_numbers(browser: Client, workspace: Workspace) -> None:
    content = browser.get(f"/w/{workspace.pk}/launch/", **HTMX).content.decode()
    assert "<dialog" in content
    assert 'value="jupyter_lab"' in content
    assert 'name="option-num_cpus" value="1" min="1" max="16"' in content
    assert 'type="hidden" name="resource" value="local"' in content
    assert "<dialog" not in browser.get(f"/w/{workspace.pk}/launch/").content.decode()


def test_launch_starts_a_job_and_opens_its_progress(browser: Client, workspace: Workspace, ada: User) -> None:
    response = browser.post(f"/w/{workspace.pk}/launch/", CHOICE)
    job = Job.objects.get()
    assert (response.status_code, response["Location"]) == (302, f"/open/{job.pk}/")
    assert (job.owner, job.workspace_id, job.job_type, job.resource) == (ada, workspace.pk, "jupyter_lab", "local")
    assert (job.cpus, job.memory_mb, job.time_limit_seconds) == (2, 2048, 3600)


def test_launch_by_htmx_redirects(browser: Client, workspace: Workspace) -> None:
    response = browser.post(f"/w/{workspace.pk}/launch/", CHOICE, **HTMX)
    assert response["HX-Redirect"] == f"/open/{Job.objects.get().pk}/"


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"option-num_cpus": "99"}, "less than or equal to 16"),
        ({"option-num_cpus": "0"}, "greater than or equal to 1"),
        ({"option-num_cpus": "many"}, "Enter a whole number"),
        ({"option-num_cpus": ""}, "This field is required"),
        ({"option-num_cpus": "1" * 5000}, "id_option-num_cpus_error"),
        ({"job_type": "nothing"}, "Select a valid choice"),
        ({"resource": "unknown"}, "<form"),
    ],
)
def test_invalid_option_is_an_error_of_its_field(
    browser: Client, workspace: Workspace, change: dict[str, str], problem: str
) -> None:
    response = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, **change}, **HTMX)
    assert response.status_code == 422
    assert problem in response.content.decode()
    assert Job.objects.count() == 0


def test_option_rejected_by_the_action_is_an_error_of_its_field(browser: Client, workspace: Workspace) -> None:
    tight = tuple(
        replace(one, type_name="str", minimum=None, maximum=None) if one.variable_name == "num_cpus" else one
        for one in registry.site().parameters
    )
    registry.install(registry.current(), replace(registry.site(), parameters=tight))
    response = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "option-num_cpus": ""}, **HTMX)
    assert response.status_code == 422
    assert b"id_option-num_cpus_error" in response.content


def test_launch_in_a_workspace_in_deletion_is_rejected(browser: Client, workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(status="deleting")
    response = browser.post(f"/w/{workspace.pk}/launch/", CHOICE, **HTMX)
    assert response.status_code == 422
    assert b"nothing can be launched in it now" in response.content
    assert Job.objects.count() == 0


def test_launch_remembers_the_last_choice(browser: Client, workspace: Workspace, job_in: Callable[..., Job]) -> None:
    job_in(workspace, "complete", job_type="local_test")
    content = browser.get(f"/w/{workspace.pk}/launch/", **HTMX).content.decode()
    assert 'name="option-num_cpus" value="2"' in content
    assert chosen_in(content) == "jupyter_lab"  # a job type without a web interface is not offered
    assert "local_test" not in content


def test_launch_preselects_the_default_application(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job_in(workspace, "complete")
    Workspace.objects.filter(pk=workspace.pk).update(default_job_type="local_test")
    content = browser.get(f"/w/{workspace.pk}/launch/", **HTMX).content.decode()
    assert chosen_in(content) == "local_test"


def test_launch_offers_several_resources(browser: Client, workspace: Workspace) -> None:
    site = registry.site()
    further = {**site.resources, "cluster": replace(site.resources["local"], name="The cluster")}
    registry.install(registry.current(), replace(site, resources=further))
    content = browser.get(f"/w/{workspace.pk}/launch/", **HTMX).content.decode()
    assert "The cluster" in content
    browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "resource": "cluster"})
    assert Job.objects.get().resource == "cluster"


def test_launch_again_starts_the_same(browser: Client, workspace: Workspace, job_in: Callable[..., Job]) -> None:
    old = job_in(workspace, "failed")
    response = browser.post(f"/session/{old.pk}/again/")
    job = Job.objects.exclude(pk=old.pk).get()
    assert response["Location"] == f"/open/{job.pk}/"
    assert (job.job_type, job.resource, job.cpus, job.memory_mb) == ("jupyter_lab", "local", 2, 2048)


def test_launch_again_with_options_no_longer_allowed_is_reported(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    old = job_in(workspace, "failed", requested={"job_details": {}, "resource_options": {"num_cpus": 99}})
    where = f"/w/{workspace.pk}/"
    response = browser.post(f"/session/{old.pk}/again/", HTTP_REFERER=f"http://evil.example{where}", follow=True)
    assert response.redirect_chain == [(where, 302)]
    assert b"above maximum" in response.content


def test_launch_again_in_a_deleted_workspace(browser: Client, workspace: Workspace, job_in: Callable[..., Job]) -> None:
    old = job_in(workspace, "complete")
    Workspace.objects.filter(pk=workspace.pk).delete()
    assert browser.post(f"/session/{old.pk}/again/").status_code == 404


def test_launch_above_the_capacity_names_the_capacity(
    browser: Client, workspace: Workspace, resource: FakeResource
) -> None:
    resource.has = Capacity(cpus=2, memory_mb=24_105)
    page = browser.get(f"/w/{workspace.pk}/launch/").content.decode()
    assert 'name="option-num_cpus" value="1" min="1" max="2"' in page
    assert 'min="1024" max="24105"' in page
    response = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "option-num_cpus": "3"}, **HTMX)
    content = response.content.decode()
    assert (response.status_code, Job.objects.count()) == (422, 0)
    assert "This machine has 2 CPUs." in content
    assert '<details class="options" open>' in content
    assert browser.post(f"/w/{workspace.pk}/launch/", CHOICE).status_code == 302


def test_launch_is_limited_by_the_chosen_resource(browser: Client, workspace: Workspace, site: Registry) -> None:
    put_resources(site, local=Capacity(cpus=2), cluster=Capacity(cpus=8))
    wanted = {**CHOICE, "option-num_cpus": "8"}
    assert b"The local has 2 CPUs." in browser.post(f"/w/{workspace.pk}/launch/", wanted).content
    assert (
        b"The cluster has 8 CPUs."
        in browser.post(f"/w/{workspace.pk}/launch/", {**wanted, "resource": "cluster", "option-num_cpus": "9"}).content
    )
    browser.post(f"/w/{workspace.pk}/launch/", {**wanted, "resource": "cluster"})
    assert [(job.resource, job.cpus) for job in Job.objects.all()] == [("cluster", 8)]


def test_launch_in_a_new_workspace_preselects_the_last_application(
    browser: Client, ada: User, workspace_of: Callable[..., Workspace], job_in: Callable[..., Job]
) -> None:
    job_in(workspace_of(ada, "old"), "complete")
    job_in(workspace_of(ada, "runs"), "complete", job_type=JOB_TYPE_OF_RUNS, requested={"resource_options": {}})
    new = workspace_of(ada, "new")
    assert "2 CPUs, 2 GiB, 1 hour" in browser.get(f"/w/{new.pk}/launch/").content.decode()


def test_first_launch_needs_no_input(browser: Client, workspace: Workspace) -> None:
    content = browser.get(f"/w/{workspace.pk}/launch/").content.decode()
    assert '<details class="options" >' in content
    assert "1 CPU, 4 GiB, 4 hours" in content
    fields = dict(re.findall(r'name="(option-\w+)" value="(\d+)"', content))
    sent = {**fields, "job_type": chosen_in(content), "resource": "local"}
    assert browser.post(f"/w/{workspace.pk}/launch/", sent)["Location"] == f"/open/{Job.objects.get().pk}/"


def test_launch_again_above_the_capacity_leads_to_the_form(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], resource: FakeResource
) -> None:
    old = job_in(workspace, "complete")
    resource.has = Capacity(cpus=1)
    response = browser.post(f"/session/{old.pk}/again/", follow=True)
    assert response.redirect_chain == [(f"/w/{workspace.pk}/launch/?job_type=jupyter_lab", 302)]
    content = response.content.decode()
    assert "This machine has 1 CPU. Request less." in content
    assert "1 CPU, 2 GiB, 1 hour" in content
    assert Job.objects.count() == 1


@pytest.mark.parametrize("path", ["/", "/w/{}/"])
def test_last_session_is_launched_again_with_one_click(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], path: str
) -> None:
    old = job_in(workspace, "complete")
    content = browser.get(path.format(workspace.pk)).content.decode()
    assert f'formaction="/session/{old.pk}/again/"' in content
    assert "2 CPUs, 2 GiB" in content
    Job.objects.update(job_type="gone")
    assert "/again/" not in browser.get(path.format(workspace.pk)).content.decode()


def test_launch_for_a_file_offers_its_applications(
    browser: Client, workspace: Workspace, apps: Registry, job_in: Callable[..., Job]
) -> None:
    write(workspace, "d/app.py")
    content = browser.get(f"/w/{workspace.pk}/launch/?job_type=streamlit&file=d/app.py").content.decode()
    assert "Open app.py" in content
    assert chosen_in(content) == "streamlit"
    assert re.findall(r'name="job_type"\s+value="(\w+)"', content) == ["editor", "streamlit", "jupyter_lab"]
    response = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "job_type": "streamlit", "file": "d/app.py"})
    job = Job.objects.get()
    assert (response["Location"], job.job_details) == (f"/open/{job.pk}/", {"file": "d/app.py"})
    content = browser.get(f"/w/{workspace.pk}/").content.decode()
    assert 'aria-label="Streamlit, d/app.py"' in content


@pytest.mark.parametrize("file", ["gone.py", "d", "link", "../x", ".."])
def test_launch_for_a_missing_file_is_rejected(
    browser: Client, workspace: Workspace, apps: Registry, file: str
) -> None:
    write(workspace, "d/app.py")
    response = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "job_type": "streamlit", "file": file}, **HTMX)
    assert response.status_code == 422
    assert Job.objects.count() == 0


def test_application_that_runs_a_file_offers_files(browser: Client, workspace: Workspace, apps: Registry) -> None:
    path, name = f"/w/{workspace.pk}/launch/", "file-streamlit"
    assert "This workspace has no file yet that Streamlit can run" in browser.get(path).content.decode()
    response = browser.post(path, {**CHOICE, "job_type": "streamlit"})
    assert (response.status_code, b"Choose the file to run." in response.content) == (422, True)
    write(workspace, "notes.txt", "b.py", "d/a\nb.py")
    measure(workspace)
    content = browser.get(path, **HTMX).content.decode()
    assert re.findall(r'<option value="([^"]+)"', content) == ["b.py", r"d/a\x0Ab.py"]
    response = browser.post(path, {**CHOICE, "job_type": "streamlit", name: "notes.txt"})
    assert (response.status_code, b"Select a valid choice" in response.content) == (422, True)
    browser.post(path, {**CHOICE, "job_type": "streamlit", name: r"d/a\x0Ab.py"})
    assert Job.objects.get().job_details == {"file": "d/a\nb.py"}
    assert r'<option value="d/a\x0Ab.py" selected>' in browser.get(path).content.decode()


def test_launch_of_a_deleted_file_keeps_the_form(browser: Client, workspace: Workspace, apps: Registry) -> None:
    write(workspace, "b.py")
    measure(workspace)
    home = home_of(workspace)
    home.storage.remove(home.location, "b.py")
    response = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "job_type": "streamlit", "file-streamlit": "b.py"})
    assert (response.status_code, b"is not a file in this workspace" in response.content) == (422, True)
    assert Job.objects.count() == 0


def test_launch_again_of_a_deleted_file_leads_to_the_form(
    browser: Client, workspace: Workspace, apps: Registry, job_in: Callable[..., Job]
) -> None:
    old = job_in(workspace, "complete", job_type="streamlit", requested={"file": "b.py", "resource_options": {}})
    response = browser.post(f"/session/{old.pk}/again/", follow=True)
    assert response.redirect_chain == [(f"/w/{workspace.pk}/launch/?job_type=streamlit", 302)]
    assert b"b.py is not a file in this workspace" in response.content
    write(workspace, "b.py")
    browser.post(f"/session/{old.pk}/again/")
    assert Job.objects.exclude(pk=old.pk).get().job_details == {"file": "b.py"}


def test_list_of_files_is_limited(browser: Client, workspace: Workspace, apps: Registry) -> None:
    files = [{"name": f"/{number:04}.py"} for number in range(1000)]
    Workspace.objects.update(current={"files": files, "symlinks": []})
    content = browser.get(f"/w/{workspace.pk}/launch/").content.decode()
    assert len(re.findall(r'<option value="\d+\.py"', content)) == 200
    assert "Only the first files are listed." in content
