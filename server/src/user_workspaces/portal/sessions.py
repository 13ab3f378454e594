"""Launching, launching again, stopping, and what a job printed."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.errors import InvalidOptions, InvalidRequest, QuotaExceeded, ResourceUnavailable
from user_workspaces.jobs.actions import start_job, stop_job
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import find_job, last_launch, log_of
from user_workspaces.portal.access import PersonRequest, asks_for_part, page
from user_workspaces.portal.answers import done, go_to
from user_workspaces.portal.launch_form import LaunchForm, initial_from
from user_workspaces.portal.opening import first_served
from user_workspaces.portal.quotas import LaunchCost, cost_of_launch
from user_workspaces.portal.returning import where_they_were
from user_workspaces.portal.session_view import view_of
from user_workspaces.portal.workspace import layout_of
from user_workspaces.workspaces.queries import find_workspace, name_of

LOG_LINES = 200


@page("GET", "POST")
def launch(request: PersonRequest, workspace_id: int) -> HttpResponse:
    """Ask what to launch, offering the last choice; then go and wait for it, and for the page `to` in it."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    to = (request.POST if request.method == "POST" else request.GET).get("to", "")
    if request.method == "POST":
        form = LaunchForm(request.POST, usual=workspace.default_job_type)
        if form.is_valid():
            try:
                job = start_job(
                    owner=request.user,
                    workspace_id=workspace_id,
                    job_type=form.cleaned_data["job_type"],
                    job_details={},
                    options=form.options,
                    now=timezone.now(),
                )
            except InvalidOptions as error:
                form.show(error)
            except QuotaExceeded as error:
                form.show_quota(error)
            except InvalidRequest as error:
                form.add_error(None, error.message)
            else:
                return go_to(request, _open(job, to))
    else:
        last = last_launch(user=request.user, workspace_id=workspace_id)
        usual = first_served() if to else workspace.default_job_type
        initial = initial_from(last, default_job_type=usual, site=registry.site())
        form = LaunchForm(initial=initial, usual=usual)
    context = {
        "workspace": workspace,
        "form": form,
        "to": to,
        "layout": layout_of(request),
        "cost": _cost(request, form),
    }
    return render(request, "portal/launch.html", context, status=422 if form.errors else 200)


def _open(job: Job, to: str) -> str:
    address = reverse("portal:open", args=[job.pk])
    return f"{address}?{urlencode({'to': to})}" if to else address


def _cost(request: PersonRequest, form: LaunchForm) -> LaunchCost | None:
    resource = str(form["resource"].value() or registry.site().main_resource)
    return cost_of_launch(
        request.user.pk, site=registry.site(), resource=resource, options=form.offered, now=timezone.now()
    )


@page("POST")
def launch_again(request: PersonRequest, job_id: int) -> HttpResponse:
    """Launch the same once more."""
    old = find_job(user=request.user, job_id=job_id)
    job = start_job(
        owner=request.user,
        workspace_id=old.workspace_id,
        job_type=old.job_type,
        job_details=old.job_details,
        options={**old.resource_options, "resource": old.resource},
        now=timezone.now(),
    )
    return go_to(request, reverse("portal:open", args=[job.pk]))


@page("GET", "POST")
def stop(request: PersonRequest, job_id: int) -> HttpResponse:
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
def log(request: PersonRequest, job_id: int) -> HttpResponse:
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
    return render(request, "portal/log_lines.html" if asks_for_part(request) else "portal/log.html", context)
