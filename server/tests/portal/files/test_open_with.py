"""Links that open a file in a running session, in a starting one, or after a launch."""

from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from portal.sessions.test_launch import CHOICE
from user_workspaces import registry
from user_workspaces.jobs.models import Job
from user_workspaces.portal.files.open_with import OpenLink, openers_of
from user_workspaces.registry import Registry
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

PATH, TO = "d/a b%.ipynb", "lab/tree/d/a%20b%25.ipynb"


def links_for(workspace: Workspace, path: str) -> tuple[OpenLink, ...]:
    return openers_of(workspace, now=timezone.now()).open_links(path)


def test_link_opens_the_file_in_a_running_session(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, ready=True, serves=True)
    (way,) = links_for(workspace, PATH)
    address = urlsplit(way.address)
    assert (way.action, way.icon, way.launches) == ("Open in JupyterLab", "notebook", False)
    assert (address.path, parse_qs(address.query)) == (f"/open/{job.pk}/", {"to": [TO]})
    assert f"/{TO}?ticket=" in browser.get(way.address, HTTP_HOST="localhost:8000")["Location"]


def test_link_leads_to_a_starting_session(workspace: Workspace, job_in: Callable[..., Job]) -> None:
    job = job_in(workspace, "pending", serves=True)
    (way,) = links_for(workspace, PATH)
    assert (way.launches, urlsplit(way.address).path) == (False, f"/open/{job.pk}/")


@pytest.mark.parametrize("status", ["complete", "failed", "stopping"])
def test_launch_leads_to_the_file(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], status: str
) -> None:
    home = home_of(workspace)
    home.storage.write(home.location, PATH, [b"{}"])
    job_in(workspace, status, serves=True)
    (way,) = links_for(workspace, PATH)
    assert (way.launches, urlsplit(way.address).path) == (True, f"/w/{workspace.pk}/launch/")
    page = browser.get(way.address).content.decode()
    assert f'<input type="hidden" name="file" value="{PATH}" />' in page
    assert "Open a b%.ipynb in JupyterLab" in page
    response = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "file": PATH})
    address = urlsplit(response["Location"])
    assert address.path.startswith("/open/")
    assert parse_qs(address.query) == {"to": [TO]}
    assert Job.objects.latest("pk").job_details == {}


def test_launch_leads_to_a_page_of_the_session(browser: Client, workspace: Workspace) -> None:
    page = browser.get(f"/w/{workspace.pk}/launch/?to=lab/tree/x").content.decode()
    assert '<input type="hidden" name="to" value="lab/tree/x" />' in page
    response = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "to": "lab/tree/x"})
    assert parse_qs(urlsplit(response["Location"]).query) == {"to": ["lab/tree/x"]}


@pytest.mark.parametrize(
    ("path", "actions"),
    [
        ("d/app.py", ["Open in Editor", "Run with Streamlit", "Open in JupyterLab"]),
        ("APP.PY", ["Open in Editor", "Run with Streamlit", "Open in JupyterLab"]),
        ("app.py/notes.txt", ["Open in JupyterLab"]),
        ("report.Rmd", ["Open in Editor", "Open in JupyterLab"]),
    ],
)
def test_specific_applications_come_first(workspace: Workspace, apps: Registry, path: str, actions: list[str]) -> None:
    assert [way.action for way in links_for(workspace, path)] == actions


def test_link_uses_only_sessions_of_its_application(
    workspace: Workspace, apps: Registry, job_in: Callable[..., Job]
) -> None:
    """A session that runs a file is opened only for this file; an application without file pages at its start page."""
    running = job_in(workspace, ready=True, job_type="streamlit", requested={"file": "app.py"})
    editor = job_in(workspace, ready=True, job_type="editor")
    found = {way.action: way.address for way in links_for(workspace, "app.py")}
    assert found["Run with Streamlit"] == f"/open/{running.pk}/"
    assert found["Open in Editor"] == f"/open/{editor.pk}/"
    assert found["Open in JupyterLab"] == f"/w/{workspace.pk}/launch/?job_type=jupyter_lab&file=app.py"
    other = {way.action: way.address for way in links_for(workspace, "other.py")}
    assert other["Run with Streamlit"] == f"/w/{workspace.pk}/launch/?job_type=streamlit&file=other.py"


def test_configured_patterns_decide_what_an_application_opens(site: Registry, workspace: Workspace) -> None:
    known = registry.site()
    for opens, count in ((None, 1), ((), 0), (("*.csv",), 0), (("*.ipynb",), 1)):
        job_types = {**known.job_types, "jupyter_lab": replace(known.job_types["jupyter_lab"], opens=opens)}
        registry.install(site, replace(known, job_types=job_types))
        assert len(links_for(workspace, PATH)) == count


def test_files_page_and_preview_offer_the_links(browser: Client, workspace: Workspace, apps: Registry) -> None:
    home = home_of(workspace)
    for name in ("app.py", "d/x.txt"):
        home.storage.write(home.location, name, [b"1"])
    listing = browser.get(f"/w/{workspace.pk}/files/").content.decode()
    assert listing.count("Run with Streamlit") == listing.count("Open in JupyterLab") == 1  # no links for folders
    preview = browser.get(f"/w/{workspace.pk}/preview/?path=app.py").content.decode()
    for action in ("Open in Editor", "Run with Streamlit", "Open in JupyterLab"):
        assert action in preview


def test_files_of_runs_have_no_links(browser: Client, workspace: Workspace, site: Registry) -> None:
    """Files of a run are a record that sessions and editors must not change."""
    home = home_of(workspace)
    home.storage.write(home.location, "a.txt", [b"1"])
    page = browser.get(f"/w/{workspace.pk}/preview/?path=a.txt").content.decode()
    assert ("/edit/" in page, "Open in JupyterLab" in page) == (True, True)
    Workspace.objects.update(holds_runs=True)
    workspace.refresh_from_db()
    assert links_for(workspace, "a.txt") == ()
    response = browser.get(f"/w/{workspace.pk}/preview/?path=a.txt")
    assert response.status_code in {200, 404}
    assert "/edit/" not in response.content.decode()


@pytest.mark.parametrize("file", ["/notes.ipynb", "./x", "../../etc/passwd", "missing", 7])
def test_launch_again_ignores_a_file_that_the_application_does_not_take(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], file: object
) -> None:
    old = job_in(workspace, "failed", requested={"job_details": {"file": file}, "resource_options": {}})
    assert browser.post(f"/session/{old.pk}/again/").status_code == 302
    assert Job.objects.count() == 2
