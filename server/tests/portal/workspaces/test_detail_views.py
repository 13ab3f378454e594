"""Pages of one workspace: sessions and history, editing in place, settings, deletion."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db.models import F
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from user_workspaces.accounts.models import User
from user_workspaces.jobs.models import Job
from user_workspaces.workspaces.models import Workspace

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


def test_page_of_an_idle_workspace_offers_a_launch(browser: Client, workspace: Workspace) -> None:
    content = browser.get(f"/w/{workspace.pk}/").content.decode()
    assert "No running sessions" in content
    assert f'hx-get="/w/{workspace.pk}/launch/"' in content
    assert "idle - cell-atlas" in content


def test_page_shows_live_and_ended_sessions(browser: Client, workspace: Workspace, job_in: Callable[..., Job]) -> None:
    old = job_in(workspace, "failed", message="The job used more memory than it requested.")
    job_in(workspace, ready=True)
    content = browser.get(f"/w/{workspace.pk}/").content.decode()
    assert "The job used more memory than it requested." in content
    assert f'formaction="/session/{old.pk}/again/"' in content
    assert f'href="/session/{old.pk}/log/"' in content
    assert "2 CPUs, 2 GiB" in content
    assert "running - cell-atlas" in content


def test_page_of_a_workspace_in_deletion_offers_nothing(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job_in(workspace, "complete")
    Workspace.objects.filter(pk=workspace.pk).update(status="deleting")
    content = browser.get(f"/w/{workspace.pk}/").content.decode()
    assert "being deleted" in content
    assert "/launch/" not in content
    assert "/again/" not in content


def test_page_makes_a_constant_number_of_queries(
    browser: Client,
    workspace: Workspace,
    job_in: Callable[..., Job],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    Workspace.objects.update(measured=F("changes"))  # otherwise its files would be read, too
    for number in range(3):
        job_in(workspace, "failed")
        job_in(workspace, ready=True)
        if number in {0, 2}:
            with django_assert_num_queries(9):
                browser.get(f"/w/{workspace.pk}/")


def test_fragment_is_sent_only_when_changed(browser: Client, workspace: Workspace, job_in: Callable[..., Job]) -> None:
    path = f"/w/{workspace.pk}/"
    fingerprint = browser.get(path).content.decode().split('"seen": "')[1].split('"')[0]
    assert browser.get(f"{path}?seen={fingerprint}", **HTMX).status_code == 204
    job_in(workspace, "pending")
    assert b"<title>waiting - cell-atlas</title>" in browser.get(f"{path}?seen={fingerprint}", **HTMX).content


def test_about_is_edited_in_place(browser: Client, workspace: Workspace) -> None:
    path = f"/w/{workspace.pk}/about/"
    assert b"<form" in browser.get(f"{path}?edit", **HTMX).content
    assert b"<form" not in browser.get(path, **HTMX).content
    shown = browser.post(path, {"name": "kidney", "description": "<b>second</b> pass"}, **HTMX).content.decode()
    assert "kidney" in shown
    assert "&lt;b&gt;second" in shown
    workspace.refresh_from_db()
    assert (workspace.name, workspace.description) == ("kidney", "<b>second</b> pass")


def test_about_with_an_error_keeps_the_form(browser: Client, workspace: Workspace) -> None:
    shown = browser.post(f"/w/{workspace.pk}/about/", {"name": "", "description": "typed"}, **HTMX).content.decode()
    assert "This field is required." in shown
    assert "typed" in shown
    workspace.refresh_from_db()
    assert workspace.name == "cell-atlas"


def test_about_without_htmx_is_on_the_settings_page(browser: Client, workspace: Workspace) -> None:
    assert browser.get(f"/w/{workspace.pk}/about/")["Location"] == f"/w/{workspace.pk}/settings/"


def test_settings_are_saved(browser: Client, workspace: Workspace) -> None:
    path = f"/w/{workspace.pk}/settings/"
    response = browser.post(path, {"name": "new", "description": "", "default_job_type": "jupyter_lab"}, follow=True)
    assert b"Saved." in response.content
    workspace.refresh_from_db()
    assert (workspace.name, workspace.default_job_type) == ("new", "jupyter_lab")


def test_settings_with_an_error_keep_the_form(browser: Client, workspace: Workspace) -> None:
    response = browser.post(f"/w/{workspace.pk}/settings/", {"name": "x" * 300, "description": "typed"})
    assert response.status_code == 422
    assert b"typed" in response.content


def test_settings_of_a_workspace_in_deletion_are_rejected(browser: Client, workspace: Workspace) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(status="deleting")
    path = f"/w/{workspace.pk}/settings/"
    response = browser.post(path, {"name": "new"}, HTTP_REFERER=f"http://testserver{path}", follow=True)
    assert response.redirect_chain == [(path, 302)]
    assert b"it cannot be changed now" in response.content


def test_delete_asks_with_a_summary(browser: Client, workspace: Workspace, job_in: Callable[..., Job]) -> None:
    job_in(workspace, ready=True)
    Workspace.objects.filter(pk=workspace.pk).update(
        current={"files": [{"name": f"/f{n}"} for n in range(6)], "symlinks": [{"name": "/d"}]}, disk_space=2048
    )
    content = browser.get(f"/w/{workspace.pk}/delete/", **HTMX).content.decode()
    assert "<dialog" in content
    for said in (
        "6 files",
        "2\N{NO-BREAK SPACE}KiB",
        "/f0",
        "JupyterLab (running)",
        "datasets are kept",
    ):
        assert said in content


@pytest.mark.parametrize("typed", ["", "Cell-atlas", "cell", "cell-atlas2"])
def test_delete_with_another_name_deletes_nothing(browser: Client, workspace: Workspace, typed: str) -> None:
    response = browser.post(f"/w/{workspace.pk}/delete/", {"typed": typed}, **HTMX)
    assert response.status_code == 422
    assert b"not the name of the workspace" in response.content
    workspace.refresh_from_db()
    assert workspace.status == "idle"


def test_delete_stops_sessions_and_queues_the_deletion(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, ready=True)
    response = browser.post(f"/w/{workspace.pk}/delete/", {"typed": " cell-atlas "}, follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert b"cell-atlas is being deleted." in response.content
    workspace.refresh_from_db()
    job.refresh_from_db()
    assert (workspace.status, job.status) == ("deleting", "stopping")


def test_delete_twice_is_safe(browser: Client, workspace: Workspace) -> None:
    for _ in range(2):
        assert browser.post(f"/w/{workspace.pk}/delete/", {"typed": "cell-atlas"}).status_code == 302


def test_pages_of_two_users_are_separate(
    browser: Client, make_user: Callable[[str], User], workspace_of: Callable[..., Workspace], workspace: Workspace
) -> None:
    theirs = workspace_of(make_user("grace"), "secret-plans")
    assert browser.get(f"/w/{theirs.pk}/").status_code == 404
    assert b"secret-plans" not in browser.get("/").content
