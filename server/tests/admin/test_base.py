"""Every table and row renders without secrets, and with few queries for any number of rows."""

from collections.abc import Callable
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import get_resolver
from django.utils import timezone

from admin.conftest import World
from user_workspaces.accounts.actions import mint_client_token, mint_token
from user_workspaces.accounts.models import User
from user_workspaces.admin.site import administration
from user_workspaces.jobs.models import Job
from user_workspaces.quotas.models import Quota
from user_workspaces.workspaces.models import Workspace

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]
TABLES = {
    "accounts/user": "ada",
    "accounts/apitoken": "laptop",
    "administration/clienttoken": "portal",
    "auth/group": "pilots",
    "jobs/job": "jupyter_lab",
    "quotas/quota": "group pilots",
    "sharing/mail": "eve@example.org",
    "sharing/share": "offered",
    "workflows/run": "fit.1",
    "workspaces/workspace": "cell-atlas",
}


def rows_of(world: World) -> dict[str, object]:
    return {
        "accounts/user": world.ada.pk,
        "accounts/apitoken": world.token.pk,
        "administration/clienttoken": world.client_token.pk,
        "auth/group": world.group.pk,
        "jobs/job": world.job.pk,
        "quotas/quota": world.quota.pk,
        "sharing/mail": world.mail.pk,
        "sharing/share": world.share.pk,
        "workflows/run": world.run.pk,
        "workspaces/workspace": world.workspace.pk,
    }


def page(browser: Client, world: World, path: str) -> str:
    response = browser.get(f"/admin/{path}")
    assert response.status_code == 200, path
    content = unescape(response.content.decode())
    assert [secret for secret in world.secrets if secret in content] == []
    assert "<script>" not in content
    assert " style=" not in content
    return content


def test_every_table_is_tested() -> None:
    assert get_resolver().url_patterns  # the tables come with the paths
    names = {f"{model._meta.app_label}/{model._meta.model_name}" for model in administration._registry}
    assert names == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_list_shows_its_rows_and_no_secret(browser: Client, world: World, table: str) -> None:
    content = page(browser, world, f"{table}/")
    assert TABLES[table] in content.split("<tbody>")[1]


@pytest.mark.parametrize("table", TABLES)
def test_row_and_its_history_show_no_secret(browser: Client, world: World, table: str) -> None:
    number = rows_of(world)[table]
    page(browser, world, f"{table}/{number}/change/")
    page(browser, world, f"{table}/{number}/history/")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("query", ["q=ada", "q=%00", "q=1", "o=1.-2", "nonsense=1", "p=999", "all="])
def test_lists_handle_any_query(browser: Client, world: World, table: str, query: str) -> None:
    assert browser.get(f"/admin/{table}/?{query}").status_code in {200, 302, 400}


@pytest.mark.parametrize(
    "table",
    [
        *("jobs/job", "workspaces/workspace", "accounts/apitoken", "administration/clienttoken"),
        *("sharing/share", "sharing/mail", "workflows/run"),
    ],
)
def test_server_tables_are_read_only(browser: Client, world: World, table: str) -> None:
    number = rows_of(world)[table]
    content = page(browser, world, f"{table}/{number}/change/")
    assert 'name="_save"' not in content
    assert browser.get(f"/admin/{table}/add/").status_code == 403
    assert browser.get(f"/admin/{table}/{number}/delete/").status_code == 403
    before = Job.objects.values().get(), Workspace.objects.values().get(pk=world.workspace.pk), world.token.name
    browser.post(f"/admin/{table}/{number}/change/", {"status": "complete", "name": "mine", "message": "x"})
    world.token.refresh_from_db()
    assert (
        Job.objects.values().get(),
        Workspace.objects.values().get(pk=world.workspace.pk),
        world.token.name,
    ) == before


def test_users_are_neither_added_nor_deleted(browser: Client, world: World) -> None:
    assert browser.get("/admin/accounts/user/add/").status_code == 403
    assert browser.get(f"/admin/accounts/user/{world.ada.pk}/delete/").status_code == 403
    assert 'name="password' not in page(browser, world, f"accounts/user/{world.ada.pk}/change/")


def test_index_and_running_jobs(browser: Client, world: World) -> None:
    assert "Running jobs" in page(browser, world, "")
    content = page(browser, world, "running/")
    cells = [part.split("</td>")[0] for part in content.split("<td>")[1:]]
    assert cells == ["running", "1", "1", "1", "1024"]
    link = content.split('href="/admin/jobs/job/')[1].split('"')[0]
    assert "jupyter_lab" in page(browser, world, f"jobs/job/{link}")
    Job.objects.update(status="complete")
    assert "No jobs are running." in page(browser, world, "running/")


@pytest.mark.parametrize("table", [*TABLES, "running"])
def test_lists_need_the_same_queries_for_any_number_of_rows(
    browser: Client, world: World, make_user: Callable[..., User], workspace_of: Callable[..., Workspace], table: str
) -> None:
    counts = []
    for number in range(4):
        user = make_user(f"eve{number}")
        workspace = workspace_of(user)
        Job.objects.create(
            owner=user, workspace=workspace, job_type="jupyter_lab", resource="local", datetime_created=timezone.now()
        )
        mint_token(user=user, name="t", now=timezone.now())
        mint_client_token(name=f"c{number}", now=timezone.now())
        Quota.objects.create(user=user, running_sessions=1)
        browser.get(f"/admin/{table}/")
        with CaptureQueriesContext(connection) as queries:
            browser.get(f"/admin/{table}/")
        counts.append(len(queries))
    assert counts == [counts[0]] * 4


def test_workspaces_are_those_of_users(browser: Client, world: World, workspace_of: Callable[..., Workspace]) -> None:
    run = workspace_of(world.ada, "holds-a-run")
    Workspace.objects.filter(pk=run.pk).update(holds_runs=True)
    shown = {}
    for kind in ("", "runs", "offers", "all"):
        listed = page(browser, world, f"workspaces/workspace/?kind={kind}" if kind else "workspaces/workspace/")
        shown[kind] = {name for name in ("cell-atlas", "holds-a-run", "offered") if f">{name}<" in listed}
    assert shown == {
        "": {"cell-atlas", "offered"},
        "runs": {"holds-a-run"},
        "offers": {"offered"},
        "all": {"cell-atlas", "holds-a-run", "offered"},
    }
    rows = browser.get("/admin/workspaces/workspace/").context["cl"].result_list
    assert {(one.name, one.owner.username) for one in rows} == {("cell-atlas", "ada"), ("offered", "eve")}
    assert "Workspaces of users" in page(browser, world, "workspaces/workspace/")
    assert browser.get(f"/admin/workspaces/workspace/{run.pk}/change/").status_code == 200
