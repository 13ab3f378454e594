"""Launch a job, or launch a previous job again."""

from collections.abc import Iterable
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.errors import InvalidOptions, InvalidRequest, QuotaExceeded
from user_workspaces.interfaces.file_names import escape_controls
from user_workspaces.interfaces.values import EntryKind
from user_workspaces.jobs.actions import LaunchRequest, start_job
from user_workspaces.jobs.capacity import excess
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import find_job, last_launch
from user_workspaces.portal.access import UserRequest, page
from user_workspaces.portal.applications import applications
from user_workspaces.portal.files.open_with import page_of_file
from user_workspaces.portal.files.search import find_names
from user_workspaces.portal.htmx import go_to
from user_workspaces.portal.presenters.session import file_of
from user_workspaces.portal.quotas import LaunchCost, cost_of_launch
from user_workspaces.portal.sessions.launch_fields import initial_from
from user_workspaces.portal.sessions.launch_form import FILE_PREFIX, LaunchForm
from user_workspaces.portal.templatetags.portal import visible
from user_workspaces.portal.workspaces.detail_views import layout_of
from user_workspaces.transfers.filenames import file_path
from user_workspaces.workspaces.files import find_entry
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import find_workspace

NOT_THERE = "is not a file in this workspace."


@page("GET", "POST")
def launch(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show the launch form with the last settings; on POST start the job and go to its progress page.

    `to` or `file` names the page of the session to open in the end.
    """
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    given = request.POST if request.method == "POST" else request.GET
    to, file = given.get("to", ""), given.get("file", "")
    file = file_path(file) if file else ""
    if request.method == "POST":
        form = LaunchForm(request.POST, usual=workspace.default_job_type, file=file, names=_names(workspace))
        if form.is_valid() and (job := _start(request, workspace, form)):
            return go_to(request, _open(job, (page_of_file(job.job_type, file) if file else None) or to))
    else:
        form = _first_form(request, workspace, file=file)
    context = {
        "workspace": workspace,
        "form": form,
        "to": to,
        "layout": layout_of(request),
        "cost": _cost(request, form),
    }
    return render(request, "portal/launch.html", context, status=422 if form.errors else 200)


def _first_form(request: UserRequest, workspace: Workspace, *, file: str) -> LaunchForm:
    """Return the form filled with the last settings, or with those of the link."""
    last = last_launch(user=request.user, workspace_id=workspace.pk)
    usual = workspace.default_job_type
    initial = initial_from(last, default_job_type=usual, site=registry.site())
    if request.GET.get("job_type") in applications(also=usual):
        initial["job_type"] = request.GET["job_type"]
    if last:
        initial[FILE_PREFIX + last.job_type] = escape_controls(file_of(last))
    return LaunchForm(initial=initial, usual=usual, file=file, names=_names(workspace))


def _start(request: UserRequest, workspace: Workspace, form: LaunchForm) -> Job | None:
    """Start the job of a valid form; None if that failed and the form shows why."""
    file, job_type = form.chosen_file, form.cleaned_data["job_type"]
    if file and not _is_file(workspace, file):
        form.add_error(form.file_field, f"{visible(file)} {NOT_THERE}")
        return None
    # Sessions with a page for the file open it by URL; the others need it in the job details.
    requested_file = "" if file and page_of_file(job_type, file) else file
    launch = LaunchRequest(
        owner=request.user,
        workspace_id=workspace.pk,
        job_type=job_type,
        job_details=form.details(file=requested_file),
        options=form.options,
    )
    try:
        return start_job(launch, now=timezone.now())
    except InvalidOptions as error:
        form.show(error)
    except QuotaExceeded as error:
        form.show_quota(error)
    except InvalidRequest as error:
        form.add_error(None, error.message)
    return None


def _names(workspace: Workspace) -> Iterable[str]:
    """Return the last measured files of the workspace, if an application needs one of them."""
    if not any(one.asks_file for one in applications(also=workspace.default_job_type).values()):
        return ()
    return find_names({"files": workspace.current.get("files", ())}, folder="", search="")


def _is_file(workspace: Workspace, path: str) -> bool:
    entry = find_entry(workspace=workspace, path=path)
    return entry is not None and entry.kind is EntryKind.FILE


def _open(job: Job, to: str) -> str:
    address = reverse("portal:open", args=[job.pk])
    return f"{address}?{urlencode({'to': to})}" if to else address


def _cost(request: UserRequest, form: LaunchForm) -> LaunchCost | None:
    resource = str(form["resource"].value() or registry.site().main_resource)
    return cost_of_launch(
        request.user.pk, site=registry.site(), resource=resource, options=form.offered, now=timezone.now()
    )


def _missing_file(request: UserRequest, old: Job) -> list[str]:
    """Return the error for the file of a job, if the job type needs one and it no longer exists."""
    job_types, file = registry.current().job_types, file_of(old)
    if not file or old.job_type not in job_types or not job_types.get(old.job_type).asks_file:
        return []
    workspace = find_workspace(user=request.user, workspace_id=old.workspace_id)
    return [] if _is_file(workspace, file) else [f"{visible(file)} {NOT_THERE}"]


@page("POST")
def launch_again(request: UserRequest, job_id: int) -> HttpResponse:
    """Launch a job again; if the resource has less capacity now, show the form instead."""
    old, site = find_job(user=request.user, job_id=job_id), registry.site()
    reasons = [f"{reason} Request less." for reason in excess(old.resource_options, resource=old.resource, site=site)]
    reasons += _missing_file(request, old)
    if reasons:
        messages.error(request, " ".join(reasons))
        choice = urlencode({"job_type": old.job_type})
        return go_to(request, f"{reverse('portal:launch', args=[old.workspace_id])}?{choice}")
    launch = LaunchRequest(
        owner=request.user,
        workspace_id=old.workspace_id,
        job_type=old.job_type,
        job_details=old.job_details,
        options={**old.resource_options, "resource": old.resource},
    )
    job = start_job(launch, now=timezone.now())
    return go_to(request, reverse("portal:open", args=[job.pk]))
