"""What people see on a session's address when there is nothing to relay to."""

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.templatetags.static import static
from django.test import Client
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.tickets import Purpose, TicketClaims, cookie_name, sign
from user_workspaces.workspaces.models import Workspace

NAVIGATION: dict[str, Any] = {"HTTP_ACCEPT": "text/html,*/*"}


@pytest.fixture
def job(make_user: Callable[[str], User], workspace_of: Callable[..., Workspace]) -> Job:
    """A job of Ada's."""
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    workspace = workspace_of(make_user("ada"))
    return Job.objects.create(
        owner=workspace.owner,
        workspace=workspace,
        job_type="jupyter_lab",
        resource="local",
        datetime_created=timezone.now(),
        message="<b>Waiting</b> for a free node.",
    )


@pytest.fixture
def visit(job: Job) -> Callable[..., Any]:
    """Go to the session on its own origin, with its cookie."""
    client = Client()
    claim = TicketClaims(job_id=job.pk, user_id=job.owner.pk, epoch=job.owner.session_epoch)
    client.cookies[cookie_name(job.pk)] = sign(claim, Purpose.COOKIE, now=timezone.now())

    def go(query: str = "", **headers: Any) -> Any:
        path = f"/passthrough/local/{job.pk}/lab{query}"
        return client.get(path, HTTP_HOST=f"s{job.pk}.localhost:8000", **{**NAVIGATION, **headers})

    return go


def test_waiting_says_what_goes_on_and_looks_again(job: Job, visit: Callable[..., Any]) -> None:
    response = visit()
    content = response.content.decode()
    assert (response.status_code, response["Cache-Control"]) == (503, "no-store")
    assert "JupyterLab is starting" in content
    assert "&lt;b&gt;Waiting&lt;/b&gt; for a free node." in content
    assert f'src="{static("uws/again.js")}"' in content
    assert f'href="http://localhost:8000/open/{job.pk}/"' in content


def test_programs_are_reported_to_ask_again(job: Job, visit: Callable[..., Any]) -> None:
    response = visit(HTTP_ACCEPT="application/json")
    assert (response.status_code, response["Retry-After"], response["Cache-Control"]) == (503, "1", "no-store")


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("complete", "JupyterLab has ended"),
        ("failed", "JupyterLab has ended"),
        ("stopping", "JupyterLab is stopping"),
    ],
)
def test_ended_says_why_and_leads_back(job: Job, visit: Callable[..., Any], status: str, said: str) -> None:
    Job.objects.filter(pk=job.pk).update(status=status, message="The time limit was reached.")
    response = visit()
    content = " ".join(response.content.decode().split())
    assert response.status_code == 410
    assert said in content
    assert ("The time limit was reached." in content) == (status != "stopping")
    assert f'href="http://localhost:8000/w/{job.workspace_id}/"' in content


def test_rejected_link_page_links_to_the_portal(job: Job) -> None:
    response = Client().get(
        f"/passthrough/local/{job.pk}/lab?ticket=bad", HTTP_HOST=f"s{job.pk}.localhost:8000", **NAVIGATION
    )
    assert response.status_code == 403
    assert b"has already been used" in response.content
    assert b'href="http://localhost:8000/"' in response.content


@pytest.mark.parametrize("method", ["get", "post", "put", "delete", "options"])
def test_a_program_without_a_ticket_is_reported_what_it_lacks(job: Job, method: str) -> None:
    ask = getattr(Client(enforce_csrf_checks=True), method)
    response = ask(f"/passthrough/local/{job.pk}/api/status", HTTP_HOST=f"s{job.pk}.localhost")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Ticket realm="user workspaces session", parameter="ticket"'
    assert response.json() == {"success": False, "message": "Open the session from the workspace's page first."}


def test_notices_load_from_their_own_origin_only(visit: Callable[..., Any]) -> None:
    content = visit().content.decode()
    assert "style=" not in content
    assert all(link.startswith("/static/") for link in _loaded(content))


def test_notices_of_a_job_type_that_is_gone_have_a_name(job: Job, visit: Callable[..., Any]) -> None:
    Job.objects.filter(pk=job.pk).update(job_type="gone")
    assert b"gone is starting" in visit().content


def _loaded(content: str) -> list[str]:
    parts = [*content.split('rel="stylesheet" href="')[1:], *content.split('src="')[1:]]
    return [part.split('"')[0] for part in parts]
