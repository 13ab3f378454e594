"""Stop a job, and show its log."""

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from user_workspaces.errors import ResourceUnavailable
from user_workspaces.jobs.actions import stop_job
from user_workspaces.jobs.queries import find_job, log_of
from user_workspaces.portal.access import UserRequest, page, wants_fragment
from user_workspaces.portal.htmx import done
from user_workspaces.portal.presenters.session import view_of
from user_workspaces.portal.redirects import referring_path
from user_workspaces.portal.workspaces.detail_views import layout_of
from user_workspaces.workspaces.queries import name_of

LOG_LINES = 200


@page("GET", "POST")
def stop(request: UserRequest, job_id: int) -> HttpResponse:
    """Ask for confirmation, and stop the job."""
    job = find_job(user=request.user, job_id=job_id)
    if request.method == "POST":
        stop_job(job=job, now=timezone.now())
        back = referring_path(request)
        # Without htmx, the dialog was a page of its own, which makes no sense after the job was stopped.
        is_dialog_page = back.startswith("/session/")
        return done(request, reverse("portal:workspace", args=[job.workspace_id]) if is_dialog_page else back)
    context = {"session": view_of(job, now=timezone.now()), "layout": layout_of(request)}
    return render(request, "portal/stop.html", context)


@page("GET")
def log(request: UserRequest, job_id: int) -> HttpResponse:
    """Show the last lines of the log."""
    job = find_job(user=request.user, job_id=job_id)
    try:
        text, problem = log_of(job, lines=LOG_LINES), ""
    except ResourceUnavailable as error:
        text, problem = "", error.message
    session = view_of(job, now=timezone.now())
    context = {
        "session": session,
        "workspace_name": name_of(job.workspace_id),
        "text": text,
        "problem": problem,
        "lines": LOG_LINES,
    }
    return render(request, "portal/log_lines.html" if wants_fragment(request) else "portal/log.html", context)
