"""From a file into a session: the one that runs, the one that starts, or a launch that leads there."""

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from portal.test_sessions import CHOICE
from user_workspaces.jobs.models import Job
from user_workspaces.portal.opening import way_to_open
from user_workspaces.registry import Registry
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of

PATH, TO = "d/a b%.ipynb", "lab/tree/d/a%20b%25.ipynb"


def test_a_running_session_is_opened_at_the_file(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, ready=True, serves=True)
    way = way_to_open(workspace, PATH, now=timezone.now())
    assert way
    address = urlsplit(way.address)
    assert (way.name, way.launches, address.path) == ("JupyterLab", False, f"/open/{job.pk}/")
    assert parse_qs(address.query) == {"to": [TO]}
    assert f"/{TO}?ticket=" in browser.get(way.address, HTTP_HOST="localhost:8000")["Location"]


def test_a_session_that_starts_is_waited_for(workspace: Workspace, job_in: Callable[..., Job]) -> None:
    job = job_in(workspace, "pending", serves=True)
    way = way_to_open(workspace, PATH, now=timezone.now())
    assert way
    assert (way.launches, urlsplit(way.address).path) == (False, f"/open/{job.pk}/")


@pytest.mark.parametrize("status", ["complete", "failed"])
def test_a_launch_leads_to_the_file(
    browser: Client, workspace: Workspace, resource: object, job_in: Callable[..., Job], status: str
) -> None:
    job_in(workspace, status, serves=True)
    way = way_to_open(workspace, PATH, now=timezone.now())
    assert way
    assert (way.launches, urlsplit(way.address).path) == (True, f"/w/{workspace.pk}/launch/")
    page = browser.get(way.address).content.decode()
    assert f'<input type="hidden" name="to" value="{TO}" />' in page
    answer = browser.post(f"/w/{workspace.pk}/launch/", {**CHOICE, "to": TO})
    address = urlsplit(answer["Location"])
    assert address.path.startswith("/open/")
    assert parse_qs(address.query) == {"to": [TO]}


def test_files_of_runs_stay_as_they_are(browser: Client, workspace: Workspace, site: Registry) -> None:
    """They are a record: a session or an editor would change it."""
    home = home_of(workspace)
    home.storage.write(home.place, "a.txt", [b"1"])
    page = browser.get(f"/w/{workspace.pk}/preview/?path=a.txt").content.decode()
    assert ("/edit/" in page, "Open in JupyterLab" in page) == (True, True)
    Workspace.objects.update(holds_runs=True)
    answer = browser.get(f"/w/{workspace.pk}/preview/?path=a.txt")
    assert answer.status_code in {200, 404}
    assert "/edit/" not in answer.content.decode()
