"""The list of workspaces, and the page that creates one."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from user_workspaces.accounts.models import User
from user_workspaces.jobs.models import Job
from user_workspaces.workspaces.actions import measure
from user_workspaces.workspaces.details import Details, NewFile
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}
NO_LINKS = {"links-TOTAL_FORMS": "0", "links-INITIAL_FORMS": "0"}


def fingerprint_in(content: str) -> str:
    """Return the fingerprint of the live fragment."""
    return content.split('"seen": "')[1].split('"', maxsplit=1)[0]


def names_in(content: str, *names: str) -> list[str]:
    """Return the listed ones of these workspaces, in their order."""
    found = {name: content.find(f">{name}</a>") for name in names}
    return sorted((name for name, at in found.items() if at >= 0), key=lambda name: found[name])


def test_list_of_a_new_user_offers_to_create_a_workspace(browser: Client) -> None:
    content = browser.get("/").content.decode()
    assert "Create your first workspace" in content
    assert 'href="/new/"' in content
    assert "every 15s" in content


def test_list_shows_sessions_and_their_time_left(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, ready=True)
    content = browser.get("/").content.decode()
    assert "JupyterLab on This machine" in content
    assert "59\N{NO-BREAK SPACE}min left" in content
    assert f'href="/open/{job.pk}/"' in content
    assert f'href="/session/{job.pk}/stop/"' in content
    assert "1 running - Workspaces" in content
    assert "every 15s" in content


@pytest.mark.parametrize("status", ["pending", "running", "stopping"])
def test_list_polls_each_second_while_a_job_changes(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], status: str
) -> None:
    job_in(workspace, status)
    assert "every 1s" in browser.get("/").content.decode()


@pytest.mark.parametrize("status", ["initializing", "deleting"])
def test_list_shows_workspaces_in_creation_and_deletion(browser: Client, workspace: Workspace, status: str) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(status=status)
    content = browser.get("/").content.decode()
    assert "every 1s" in content
    assert "/launch/" not in content


def test_list_shows_a_failed_session(browser: Client, workspace: Workspace, job_in: Callable[..., Job]) -> None:
    job_in(workspace, "failed")
    content = browser.get("/").content.decode()
    assert "JupyterLab failed" in content
    assert f'href="/w/{workspace.pk}/launch/"' in content


def test_list_counts_files_datasets_and_bytes(
    browser: Client, ada: User, workspace_of: Callable[..., Workspace]
) -> None:
    files = tuple(NewFile(name, b"x" * 5000) for name in ("a", "b/c"))
    made = workspace_of(ada, "with files", Details(files=files))
    measure(made)
    Workspace.objects.filter(pk=made.pk).update(current={"files": [{}, {}], "symlinks": [{}]}, disk_space=5 * 1024**2)
    content = browser.get("/").content.decode()
    assert ("2 files" in content, "1 dataset" in content, "5\N{NO-BREAK SPACE}MiB" in content) == (True, True, True)


@pytest.mark.parametrize("current", [{}, {"files": []}])
def test_list_shows_a_workspace_that_was_never_measured(
    browser: Client, workspace: Workspace, current: dict[str, object]
) -> None:
    Workspace.objects.filter(pk=workspace.pk).update(current=current)
    assert "0 files" in browser.get("/").content.decode()


def test_list_makes_a_constant_number_of_queries(
    browser: Client,
    ada: User,
    workspace_of: Callable[..., Workspace],
    job_in: Callable[..., Job],
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(3):
        made = workspace_of(ada, f"w{number}")
        job_in(made, "failed")
        job_in(made, ready=True)
        job_in(made, "pending")
        if number in {0, 2}:
            with django_assert_num_queries(9):
                browser.get("/")


def test_list_searches_filters_and_sorts(browser: Client, ada: User, workspace_of: Callable[..., Workspace]) -> None:
    for name, description, size in (("beta", "kidney", 5), ("Alpha", "lung", 9), ("gamma", "kidney, old", 1)):
        made = workspace_of(ada, name)
        Workspace.objects.filter(pk=made.pk).update(description=description, disk_space=size)
    Workspace.objects.filter(name="gamma").update(status="active", datetime_last_job_launch=timezone.now())
    names = ("beta", "Alpha", "gamma")

    def listed(query: str) -> list[str]:
        return names_in(browser.get(f"/?{query}").content.decode(), *names)

    assert listed("") == ["gamma", "Alpha", "beta"]
    assert listed("q=KIDNEY") == ["gamma", "beta"]
    assert listed("q=kidney+bet") == ["beta"]
    assert listed("q=nothing") == []
    assert listed("status=active") == ["gamma"]
    assert listed("sort=name") == ["Alpha", "beta", "gamma"]
    assert listed("sort=size") == ["Alpha", "beta", "gamma"]
    assert listed("sort=newest") == ["gamma", "Alpha", "beta"]
    assert listed("status=odd&sort=odd") == ["gamma", "Alpha", "beta"]


def test_list_without_matches_is_reported(browser: Client, workspace: Workspace) -> None:
    assert "No matches" in browser.get("/?q=zzz").content.decode()


@pytest.mark.parametrize(
    "query", ["q=%00", "q=%27%22%3Cscript%3E", "q=%25_", "page=-1", "page=x", "page=99", "q=" + "a" * 900]
)
def test_list_ignores_invalid_queries(browser: Client, workspace: Workspace, query: str) -> None:
    response = browser.get(f"/?{query}")
    assert response.status_code == 200
    assert b"<script>" not in response.content


def test_list_has_pages(browser: Client, ada: User, workspace: Workspace) -> None:
    rows = [
        Workspace(
            owner=ada, name=f"w{n:02}", storage="local", datetime_created=workspace.datetime_created,
            datetime_last_modified=workspace.datetime_created, status="idle",
        )
        for n in range(24)
    ]  # fmt: skip
    Workspace.objects.bulk_create(rows)
    first = browser.get("/?sort=name").content.decode()
    assert "Page 1 of 2" in first
    assert "?sort=name&amp;page=2" in first
    second = browser.get("/?sort=name&page=2").content.decode()
    assert names_in(second, "w18", "w19", "w23") == ["w19", "w23"]


def test_list_fragment_is_sent_only_when_changed(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    fingerprint = fingerprint_in(browser.get("/").content.decode())
    assert browser.get(f"/?seen={fingerprint}", **HTMX).status_code == 204
    job = job_in(workspace, "pending")
    changed = browser.get(f"/?seen={fingerprint}", **HTMX)
    assert changed.status_code == 200
    content = changed.content.decode()
    assert content.startswith("<title>1 in progress - Workspaces</title>")
    assert "<html" not in content
    assert 'hx-get="/"' in content
    Job.objects.filter(pk=job.pk).update(status="stopping")
    assert browser.get(f"/?seen={fingerprint_in(content)}", **HTMX).status_code == 200


def test_filter_is_in_the_address(browser: Client, workspace: Workspace) -> None:
    response = browser.get("/?q=cell&status=&sort=opened", **HTMX, HTTP_HX_TRIGGER="filter")
    assert response["HX-Push-Url"] == "/?q=cell"
    assert browser.get("/?q=&status=", **HTMX, HTTP_HX_TRIGGER="filter")["HX-Push-Url"] == "/"
    assert "HX-Push-Url" not in browser.get("/?q=cell", **HTMX)


def test_history_navigation_gets_the_whole_page(browser: Client) -> None:
    response = browser.get("/", **HTMX, HTTP_HX_HISTORY_RESTORE_REQUEST="true")
    assert b"<html" in response.content


def test_name_of_a_workspace_is_escaped(browser: Client, ada: User, workspace_of: Callable[..., Workspace]) -> None:
    workspace_of(ada, "<img src=x onerror=alert(1)>")
    content = browser.get("/").content.decode()
    assert "<img" not in content
    assert "&lt;img" in content


def test_new_creates_a_workspace_with_files(browser: Client, ada: User) -> None:
    response = browser.post(
        "/new/",
        {
            "name": "  pilot ",
            "description": "first",
            "default_job_type": "jupyter_lab",
            "files": [SimpleUploadedFile("a.txt", b"aaa"), SimpleUploadedFile("b.txt", b"")],
            **NO_LINKS,
        },
    )
    made = Workspace.objects.get(owner=ada)
    assert (response.status_code, response["Location"]) == (302, f"/w/{made.pk}/")
    assert (made.name, made.description, made.default_job_type) == ("pilot", "first", "jupyter_lab")
    home = home_of(made)
    assert {entry.path: entry.size for entry in home.storage.tree(home.location)} == {"a.txt": 3, "b.txt": 0}


def test_new_by_htmx_redirects(browser: Client, ada: User) -> None:
    response = browser.post("/new/", {"name": "pilot", **NO_LINKS}, **HTMX)
    assert response["HX-Redirect"] == f"/w/{Workspace.objects.get(owner=ada).pk}/"


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": ""}, "This field is required."),
        ({"name": "x" * 256}, "at most 255 characters"),
        ({"name": "x", "default_job_type": "nothing"}, "Select a valid choice"),
        ({"name": "x", "links-TOTAL_FORMS": "1", "links-0-name": "a", "links-0-path": ""}, "This field is required."),
        ({"name": "x", "links-TOTAL_FORMS": "1", "links-0-name": "a", "links-0-path": "b"}, "must start with a slash"),
        ({"name": "x", "links-TOTAL_FORMS": "1", "links-0-name": "../a", "links-0-path": "/b"}, "double dots"),
        ({"name": "x", "links-TOTAL_FORMS": "1", "links-0-name": "a", "links-0-path": "/etc/shadow"}, "not found"),
    ],
)
def test_invalid_new_keeps_the_input_and_creates_nothing(browser: Client, fields: dict[str, str], problem: str) -> None:
    response = browser.post("/new/", {"description": "typed text", **NO_LINKS, **fields})
    content = response.content.decode()
    assert response.status_code == 422
    assert problem in content
    assert "typed text" in content
    assert Workspace.objects.count() == 0


def test_invalid_new_by_htmx_keeps_the_chosen_files(browser: Client) -> None:
    content = browser.post("/new/", {"name": "", **NO_LINKS}, **HTMX).content.decode()
    assert "<html" not in content
    assert "hx-preserve" in content


@pytest.mark.slow
@pytest.mark.parametrize("total", ["x", "", "100000"])
def test_new_with_an_invalid_number_of_links_creates_nothing(browser: Client, total: str) -> None:
    response = browser.post("/new/", {"name": "x", "links-TOTAL_FORMS": total, "links-INITIAL_FORMS": "0"})
    assert response.status_code == 422
    assert Workspace.objects.count() == 0


def test_new_reports_files_that_were_not_saved(browser: Client, ada: User) -> None:
    long = SimpleUploadedFile("n" * 300 + ".txt", b"x")
    browser.post("/new/", {"name": "pilot", "files": [long, SimpleUploadedFile("ok.txt", b"x")], **NO_LINKS})
    home = home_of(Workspace.objects.get(owner=ada))
    assert "ok.txt" in [entry.path for entry in home.storage.tree(home.location)]
