"""Stopping, and what a job printed."""

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
from user_workspaces.portal.redirects import where_they_were
from user_workspaces.portal.workspaces.detail_views import layout_of
from user_workspaces.workspaces.queries import name_of

LOG_LINES = 200


@page("GET", "POST")
def stop(request: UserRequest, job_id: int) -> HttpResponse:
    """Say what stopping loses, and stop."""
    job = find_job(user=request.user, job_id=job_id)
    if request.method == "POST":
        stop_job(job=job, now=timezone.now())
        back = where_they_were(request)
        dead_end = back.startswith("/session/")
        return done(request, reverse("portal:workspace", args=[job.workspace_id]) if dead_end else back)
    context = {"session": view_of(job, now=timezone.now()), "layout": layout_of(request)}
    return render(request, "portal/stop.html", context)


@page("GET")
def log(request: UserRequest, job_id: int) -> HttpResponse:
    """Show the last lines of what it printed."""
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
