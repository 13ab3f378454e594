"""Opening a session."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.interfaces.settings import SessionPorts
from user_workspaces.jobs import session_ports, tickets
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.tickets import SessionEntry
from user_workspaces.workspaces.models import Workspace

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


def test_open_redirects_to_a_ready_session_with_a_new_ticket(
    browser: Client, ada: User, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, ready=True)
    response = browser.get(f"/open/{job.pk}/", HTTP_HOST="localhost:8000")
    assert response.status_code == 302
    assert "no-store" in response["Cache-Control"]
    address = urlsplit(response["Location"])
    assert (address.netloc, address.path) == (f"s{job.pk}.localhost:8000", f"/passthrough/local/{job.pk}/lab")
    [start] = parse_qs(address.query)["ticket"]
    assert tickets.read_start(start, job_id=job.pk) == "http://localhost:8000"
    marked = browser.get(f"/open/{job.pk}/?browser={'a' * 64}", HTTP_HOST="localhost:8000")["Location"]
    [entry] = parse_qs(urlsplit(marked).query)["ticket"]
    assert tickets.read_entry(entry, job_id=job.pk) == SessionEntry(job.pk, ada.pk, ada.session_epoch, "a" * 64)


@pytest.mark.parametrize("browser_id", ["", "a", "A" * 64, "a" * 65, "../" * 22])
def test_open_gives_no_entry_for_an_invalid_browser_id(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job], browser_id: str
) -> None:
    job = job_in(workspace, ready=True)
    location = browser.get(f"/open/{job.pk}/", {"browser": browser_id}, HTTP_HOST="localhost:8000")["Location"]
    [ticket] = parse_qs(urlsplit(location).query)["ticket"]
    assert tickets.read_start(ticket, job_id=job.pk) == "http://localhost:8000"


def test_open_from_another_host_uses_a_port_of_that_host(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, ready=True)
    site = registry.site()
    registry.install(registry.current(), replace(site, session_ports=SessionPorts(range(8100, 8101))))
    session_ports.install(lambda _port: True)
    location = browser.get(f"/open/{job.pk}/", HTTP_HOST="testserver")["Location"]
    session_ports.install(None)
    assert location.startswith(f"http://testserver:8100/passthrough/local/{job.pk}/lab?ticket=")
    refused = browser.get(f"/open/{job.pk}/", HTTP_HOST="testserver")
    assert (refused.status_code, "UWS_SESSION_PORTS" in refused.content.decode()) == (400, True)


@pytest.mark.parametrize(
    ("query", "path", "further"),
    [
        ("to=lab/tree/a%20b.ipynb", "lab/tree/a%20b.ipynb", {}),
        ("to=lab%3Freset%26x%3D1", "lab", {"reset": [""], "x": ["1"]}),
        ("to=//evil.example", "lab", {}),
        ("to=../../../w/1/", "lab", {}),
        ("to=%2e%2e/x", "lab", {}),
        ("to=https://evil.example", "lab", {}),
        ("", "lab", {}),
    ],
)
def test_open_redirects_to_the_requested_page(
    browser: Client,
    workspace: Workspace,
    job_in: Callable[..., Job],
    query: str,
    path: str,
    further: dict[str, list[str]],
) -> None:
    job = job_in(workspace, ready=True)
    address = urlsplit(browser.get(f"/open/{job.pk}/?{query}", HTTP_HOST="localhost")["Location"])
    assert address.hostname == f"s{job.pk}.localhost"
    assert address.path == f"/passthrough/local/{job.pk}/{path}"
    found = parse_qs(address.query, keep_blank_values=True)
    assert len(found.pop("ticket")) == 1
    assert found == further


def test_open_shows_progress_until_the_session_is_ready(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, "pending", submitted=False, message="Preparing JupyterLab (first time only).")
    page = browser.get(f"/open/{job.pk}/?to=lab/tree/x").content.decode()
    assert "Preparing JupyterLab (first time only)." in page
    assert "preparing - JupyterLab" in page
    assert "every 1s" in page
    assert f'hx-get="/open/{job.pk}/?to=lab%2Ftree%2Fx"' in page
    assert "data-asleep-when-hidden" not in page
    Job.objects.filter(pk=job.pk).update(status="running", datetime_start=timezone.now(), submitted=True)
    assert "<title>starting - JupyterLab</title>" in browser.get(f"/open/{job.pk}/", **HTMX).content.decode()
    Job.objects.filter(pk=job.pk).update(datetime_ready=timezone.now())
    response = browser.get(f"/open/{job.pk}/?to=lab/tree/x&seen=1", **HTMX, HTTP_HOST="localhost")
    assert f"//s{job.pk}.localhost/passthrough/local/{job.pk}/lab/tree/x?ticket=" in response["HX-Redirect"]


def test_open_of_a_failed_job_shows_reason_and_next_steps(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, "failed", message="It ended with exit code 1.")
    content = browser.get(f"/open/{job.pk}/").content.decode()
    assert 'role="alert"' in content
    assert "It ended with exit code 1." in content
    assert f"Mention job {job.pk} when contacting your administrator" in content
    assert f'formaction="/session/{job.pk}/again/"' in content
    assert f'hx-get="/session/{job.pk}/log/"' in content
    assert "failed - JupyterLab" in content
    assert "every 15s" in content


@pytest.mark.parametrize(
    ("status", "facts", "heading"),
    [
        ("stopping", {}, "JupyterLab is stopping"),
        ("complete", {}, "JupyterLab has ended"),
        ("complete", {"serves": False}, "JupyterLab has finished"),
        ("running", {"serves": False}, "JupyterLab is running"),
        ("pending", {"submitted": False}, "JupyterLab is being prepared"),
    ],
)
def test_open_shows_every_other_state(
    browser: Client,
    workspace: Workspace,
    job_in: Callable[..., Job],
    status: str,
    facts: dict[str, bool],
    heading: str,
) -> None:
    job = job_in(workspace, status, **facts)
    response = browser.get(f"/open/{job.pk}/")
    assert response.status_code == 200
    assert heading in " ".join(response.content.decode().split())


def test_open_of_a_job_in_a_deleted_workspace(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, "complete")
    Workspace.objects.filter(pk=workspace.pk).delete()
    content = browser.get(f"/open/{job.pk}/").content.decode()
    assert "/again/" not in content
    assert f"/w/{workspace.pk}/" not in content


def test_open_on_a_resource_without_origins_is_by_path(
    browser: Client, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    site = registry.site()
    plain = {"local": replace(site.resources["local"], passthrough_domain="")}
    registry.install(registry.current(), replace(site, resources=plain))
    job = job_in(workspace, ready=True)
    location = browser.get(f"/open/{job.pk}/", HTTP_HOST="localhost:8000")["Location"]
    assert location.startswith(f"/passthrough/local/{job.pk}/lab?ticket=")


def test_open_rejects_a_ticket_after_session_access_was_closed(
    browser: Client, ada: User, workspace: Workspace, job_in: Callable[..., Job]
) -> None:
    job = job_in(workspace, ready=True)
    browser.post("/logout/")
    response = browser.get(f"/open/{job.pk}/?to=lab/tree/x")
    assert response["Location"] == f"/login/?next=/open/{job.pk}/%3Fto%3Dlab/tree/x"
