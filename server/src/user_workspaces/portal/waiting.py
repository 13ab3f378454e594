"""The way into a session: at once when it answers, else a page that waits and opens it by itself."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.jobs.addresses import address_of
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import find_job
from user_workspaces.jobs.status import JobStatus
from user_workspaces.jobs.tickets import Claim
from user_workspaces.portal.access import PersonRequest, asks_for_part, page
from user_workspaces.portal.answers import go_to
from user_workspaces.portal.destinations import Page, address_for_visitor, has_own_origin, page_in_session
from user_workspaces.portal.parts import LivePart, answer_with, live_part
from user_workspaces.portal.session_view import SessionView, view_of
from user_workspaces.portal.steps import Launch, steps_of
from user_workspaces.workspaces.queries import name_of


@page("GET")
def open_session(request: PersonRequest, job_id: int) -> HttpResponse:
    """Go to the session with a fresh ticket; while it does not answer, show why, and go by itself later."""
    job = find_job(user=request.user, job_id=job_id)
    session = view_of(job, now=timezone.now())
    if session.can_open:
        return go_to(request, _address(request, job, page_in_session(request.GET.get("to", ""))))
    name = name_of(job.workspace_id)
    part = _progress(request, session, workspace_name=name)
    if asks_for_part(request):
        return answer_with(request, part)
    context = {"session": session, "progress": part.html, "title": part.title, "workspace_name": name}
    return render(request, "portal/waiting.html", context)


def _progress(request: PersonRequest, session: SessionView, *, workspace_name: str | None) -> LivePart:
    job = session.job
    launch = Launch(
        status=JobStatus(job.status),
        name=session.name,
        submitted=job.submitted,
        serves=job.serves,
        started=job.datetime_start is not None,
        ready=job.datetime_ready is not None,
        message=job.message,
    )
    return live_part(
        request,
        "portal/progress.html",
        {"session": session, "steps": steps_of(launch), "workspace_name": workspace_name},
        name="progress",
        title=f"{session.state.word} - {session.name}",
        moves=session.is_live,
        asleep_when_hidden=False,
        told=True,
    )


def _address(request: PersonRequest, job: Job, page: Page) -> str:
    claim = Claim(job_id=job.pk, user_id=request.user.pk, epoch=request.user.session_epoch)
    known = registry.site().resources.get(job.resource)
    own_origin = has_own_origin(passthrough_domain=known.passthrough_domain if known else "", host=request.get_host())
    address = address_of(
        claim=claim, resource=job.resource, serves_at=page.path, now=timezone.now(), own_origin=own_origin
    )
    url = f"{address.url}&{page.query}" if page.query else address.url
    return address_for_visitor(url=url, own_origin=own_origin, scheme=request.scheme or "http", host=request.get_host())
