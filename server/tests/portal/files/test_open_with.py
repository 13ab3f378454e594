"""From a file into applications: a session that runs, one that starts, or a launch that leads there."""

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


def ways_to(workspace: Workspace, path: str) -> tuple[OpenLink, ...]:
    return openers_of(workspace, now=timezone.now()).open_links(path)


def test_a_running_session_is_opened_at_the_file(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, ready=True, serves=True)
    (way,) = ways_to(workspace, PATH)
    address = urlsplit(way.address)
    assert (way.action, way.icon, way.launches) == ("Open in JupyterLab", "notebook", False)
    assert (address.path, parse_qs(address.query)) == (f"/open/{job.pk}/", {"to": [TO]})
    assert f"/{TO}?ticket=" in browser.get(way.address, HTTP_HOST="localhost:8000")["Location"]


def test_a_session_that_starts_is_waited_for(workspace: Workspace, job_in: Callable[..., Job]) -> None:
    job = job_in(workspace, "pending", serves=True)
    (way,) = ways_to(workspace, PATH)
    assert (way.launches, urlsplit(way.address).path) == (False, f"/open/{job.pk}/")


@pytest.mark.parametrize("status", ["complete", "failed", "stopping"])
def test_a_launch_leads_to_the_file(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], status: str
) -> None:
    home = home_of(workspace)
    home.storage.write(home.location, PATH, [b"{}"])
    job_in(workspace, status, serves=True)
    (way,) = ways_to(workspace, PATH)
    assert (way.launches, urlsplit(way.address).path) == (True, f"/w/{workspace.pk}/launch/")
    page = browser.get(way.address).content.decode()
    assert f'<input type="hidden" name="file" value="{PATH}" />' in page
    assert "Open a b%.ipynb in JupyterLab" in page
    response = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "file": PATH})
    address = urlsplit(response["Location"])
    assert address.path.startswith("/open/")
    assert parse_qs(address.query) == {"to": [TO]}
    assert Job.objects.latest("pk").job_details == {}


def test_a_launch_leads_to_a_page_of_the_session(browser: Client, workspace: Workspace) -> None:
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
def test_applications_that_are_made_for_a_file_come_first(
    workspace: Workspace, apps: Registry, path: str, actions: list[str]
) -> None:
    assert [way.action for way in ways_to(workspace, path)] == actions


def test_each_application_has_its_own_session(workspace: Workspace, apps: Registry, job_in: Callable[..., Job]) -> None:
    """What runs a file is opened for this file alone; an application without pages for files is opened as it is."""
    running = job_in(workspace, ready=True, job_type="streamlit", requested={"file": "app.py"})
    editor = job_in(workspace, ready=True, job_type="editor")
    found = {way.action: way.address for way in ways_to(workspace, "app.py")}
    assert found["Run with Streamlit"] == f"/open/{running.pk}/"
    assert found["Open in Editor"] == f"/open/{editor.pk}/"
    assert found["Open in JupyterLab"] == f"/w/{workspace.pk}/launch/?job_type=jupyter_lab&file=app.py"
    other = {way.action: way.address for way in ways_to(workspace, "other.py")}
    assert other["Run with Streamlit"] == f"/w/{workspace.pk}/launch/?job_type=streamlit&file=other.py"


def test_the_operator_says_what_an_application_opens(site: Registry, workspace: Workspace) -> None:
    known = registry.site()
    for opens, count in ((None, 1), ((), 0), (("*.csv",), 0), (("*.ipynb",), 1)):
        job_types = {**known.job_types, "jupyter_lab": replace(known.job_types["jupyter_lab"], opens=opens)}
        registry.install(site, replace(known, job_types=job_types))
        assert len(ways_to(workspace, PATH)) == count


def test_the_pages_of_files_offer_the_ways(browser: Client, workspace: Workspace, apps: Registry) -> None:
    home = home_of(workspace)
    for name in ("app.py", "d/x.txt"):
        home.storage.write(home.location, name, [b"1"])
    listing = browser.get(f"/w/{workspace.pk}/files/").content.decode()
    assert listing.count("Run with Streamlit") == listing.count("Open in JupyterLab") == 1  # folders are not opened
    preview = browser.get(f"/w/{workspace.pk}/preview/?path=app.py").content.decode()
    for action in ("Open in Editor", "Run with Streamlit", "Open in JupyterLab"):
        assert action in preview


def test_files_of_runs_stay_as_they_are(browser: Client, workspace: Workspace, site: Registry) -> None:
    """They are a record: a session or an editor would change it."""
    home = home_of(workspace)
    home.storage.write(home.location, "a.txt", [b"1"])
    page = browser.get(f"/w/{workspace.pk}/preview/?path=a.txt").content.decode()
    assert ("/edit/" in page, "Open in JupyterLab" in page) == (True, True)
    Workspace.objects.update(holds_runs=True)
    workspace.refresh_from_db()
    assert ways_to(workspace, "a.txt") == ()
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
