"""Open a session: redirect to it if it is ready, else show its progress until it is."""

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from user_workspaces.errors import AuthenticationRejected, NotAllowed, UserWorkspacesError
from user_workspaces.jobs import tickets
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import find_job
from user_workspaces.jobs.session_urls import base_path
from user_workspaces.jobs.start_pages import start_page
from user_workspaces.jobs.status import JobStatus
from user_workspaces.jobs.tickets import BROWSER_PARAMETER, TICKET_PARAMETER, Purpose, TicketClaims
from user_workspaces.jobs.used_tickets import use_once
from user_workspaces.portal import errors
from user_workspaces.portal.access import UserRequest, is_logged_in_user, page, wants_fragment
from user_workspaces.portal.fragments import LiveFragment, Polling, live_fragment, respond_with
from user_workspaces.portal.htmx import go_to
from user_workspaces.portal.presenters.launch_progress import Launch, steps_of
from user_workspaces.portal.presenters.session import SessionView, view_of
from user_workspaces.portal.sessions.targets import page_in_session, portal_origin, session_origin
from user_workspaces.workspaces.queries import name_of

USED_UP = "This link has already been used or has expired. Open the session from its workspace's page."
ANOTHER_USER = "This link opens another user's session. Log out first if you want to use it."


def open_session(request: HttpRequest, job_id: int) -> HttpResponseBase:
    """Open a session for the logged-in user, or with a ticket that a client of the API got."""
    ticket = request.GET.get(TICKET_PARAMETER)
    return _open_as_user(request, job_id) if ticket is None else _open_with_ticket(request, job_id, ticket)


@page("GET")
def _open_as_user(request: UserRequest, job_id: int) -> HttpResponse:
    """Redirect to a ready session, else show its progress page, which redirects later."""
    job = find_job(user=request.user, job_id=job_id)
    session = view_of(job, now=timezone.now())
    if session.can_open:
        claim = TicketClaims(job_id=job.pk, user_id=request.user.pk, epoch=request.user.session_epoch)
        return go_to(request, _address(request, job, ticket=_entry_or_start(request, claim)))
    name = name_of(job.workspace_id)
    part = _progress(request, session, workspace_name=name)
    if wants_fragment(request):
        return respond_with(request, part)
    context = {"session": session, "progress": part.html, "title": part.title, "workspace_name": name}
    return render(request, "portal/waiting.html", context)


@require_safe
@never_cache
def _open_with_ticket(request: HttpRequest, job_id: int, ticket: str) -> HttpResponse:
    """Redirect to the session with a ticket of the API, which needs no login.

    A browser that is logged in as another user gets an error: a link must not lead users into the sessions of others.
    """
    try:
        job, claim = _ticket_holder(request, job_id, ticket)
        # The session's host adds this parameter after it has set its cookie. Before that, the ticket is not used up.
        if BROWSER_PARAMETER in request.GET:
            ticket = _exchange_ticket(request, claim, ticket)
        response: HttpResponse = go_to(request, _address(request, job, ticket=ticket))
    except (AuthenticationRejected, NotAllowed) as error:
        return errors.forbidden(request, error.message)
    except UserWorkspacesError as error:
        return errors.response_for(request, error, fragment=False)
    return response


def _ticket_holder(request: HttpRequest, job_id: int, ticket: str) -> tuple[Job, TicketClaims]:
    """Return the job and the claims of a ticket; raises `AuthenticationRejected` and `NotAllowed`."""
    claim = tickets.verify(ticket, Purpose.TICKET, job_id=job_id, now=timezone.now())
    job = Job.objects.select_related("owner").filter(pk=job_id).first() if claim else None
    if claim is None or job is None or not job.owner.is_active:
        raise AuthenticationRejected(USED_UP)
    # Logging out raises the epoch, which voids all tickets of the user.
    if (job.owner_id, job.owner.session_epoch) != (claim.user_id, claim.epoch):
        raise AuthenticationRejected(USED_UP)
    if is_logged_in_user(request) and request.user.pk != claim.user_id:
        raise NotAllowed(ANOTHER_USER)
    if not view_of(job, now=timezone.now()).can_open:
        raise AuthenticationRejected("This session is not running. Open it from its workspace's page.")
    return job, claim


def _exchange_ticket(request: HttpRequest, claim: TicketClaims, ticket: str) -> str:
    """Exchange a ticket, which is used up, for the next one; raises `AuthenticationRejected`."""
    if not use_once(ticket):
        raise AuthenticationRejected(USED_UP)  # the database lets one of several requests use a ticket
    return _entry_or_start(request, claim)


def _entry_or_start(request: HttpRequest, claim: TicketClaims) -> str:
    """Return an entry ticket for a browser that already has the session host's cookie, else a start ticket."""
    browser = request.GET.get(BROWSER_PARAMETER, "")
    if tickets.BROWSER_HASH.fullmatch(browser):
        return tickets.sign_entry(claim, browser=browser)
    return tickets.sign_start(job_id=claim.job_id, portal=portal_origin(request))


def _address(request: HttpRequest, job: Job, *, ticket: str) -> str:
    """Return the URL of the requested page of the session, with a ticket."""
    start = start_page(job.job_type, requested=job.requested, resource=job.resource, job_id=job.pk)
    wanted = page_in_session(request.GET.get("to", ""), start=start)
    path = base_path(resource=job.resource, job_id=job.pk) + wanted.path
    query = f"{TICKET_PARAMETER}={ticket}" + (f"&{wanted.query}" if wanted.query else "")
    return f"{session_origin(request, job)}{path}?{query}"


def _progress(request: UserRequest, session: SessionView, *, workspace_name: str | None) -> LiveFragment:
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
    return live_fragment(
        request,
        "portal/progress.html",
        {"session": session, "steps": steps_of(launch), "workspace_name": workspace_name},
        name="progress",
        title=f"{session.state.word} - {session.name}",
        # Polls in a hidden tab too: users wait for the session in another tab.
        polling=Polling(moves=session.is_live, pushed=True, asleep_when_hidden=False),
    )
