"""Pages of one workspace: sessions, name and description, settings, deletion."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from user_workspaces.environments.discovery import known_specification
from user_workspaces.environments.queries import prepared_in
from user_workspaces.jobs.actions import delete_workspace
from user_workspaces.jobs.queries import jobs_in, live_jobs
from user_workspaces.portal.access import UserRequest, page, wants_fragment
from user_workspaces.portal.forms import AboutForm, WorkspaceForm
from user_workspaces.portal.fragments import LiveFragment, Polling, live_fragment, respond_with
from user_workspaces.portal.htmx import go_to
from user_workspaces.portal.presenters.session import view_of
from user_workspaces.portal.presenters.workspace import rows_of
from user_workspaces.sharing.actions import deletion_of
from user_workspaces.workflows.lifecycle.workspace_runs import has_specification
from user_workspaces.workspaces.actions import update_workspace
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import find_workspace

JOBS_A_PAGE = 20


@page("GET")
def show(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show live and ended sessions."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    part = _sessions(request, workspace)
    if wants_fragment(request):
        return respond_with(request, part)
    context = {"workspace": workspace, "tab": "session", "sessions": part.html, "title": part.title}
    return render(request, "portal/workspace.html", context)


def _sessions(request: UserRequest, workspace: Workspace) -> LiveFragment:
    now = timezone.now()
    row = rows_of([workspace], now=now)[0]
    jobs = Paginator(jobs_in(user=request.user, workspace_id=workspace.pk), JOBS_A_PAGE).get_page(
        request.GET.get("page")
    )
    ended = [view for view in (view_of(job, now=now) for job in jobs) if not view.is_live]
    title = f"{row.state.word} - {workspace.name}"
    context = {
        "row": row,
        "workspace": workspace,
        "ended": ended,
        "page": jobs,
        "has_workflow": has_specification(workspace),
        "unprepared": _unprepared(workspace) if row.is_usable else "",
    }
    return live_fragment(
        request,
        "portal/sessions.html",
        context,
        name="sessions",
        title=title,
        # The WebSocket reports changes of jobs, but not of workspaces that are being created or deleted.
        polling=Polling(moves=row.moves, pushed=row.is_usable),
    )


def _unprepared(workspace: Workspace) -> str:
    """Return a specification that no environment was prepared from yet; empty if there is none."""
    file = known_specification(workspace)
    return file if file and prepared_in(workspace.pk) is None else ""


@page("GET", "POST")
def about(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show name and description, or with `?edit` the form to change them in place."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    if not wants_fragment(request) and request.method == "GET":
        return redirect("portal:settings", workspace_id=workspace_id)
    initial = {"name": workspace.name, "description": workspace.description}
    form = AboutForm(request.POST if request.method == "POST" else None, initial=initial)
    if form.is_valid():
        update_workspace(workspace=workspace, now=timezone.now(), **form.cleaned_data)
        workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    elif request.method == "POST" or "edit" in request.GET:
        return render(request, "portal/about_form.html", {"workspace": workspace, "form": form})
    return render(request, "portal/about.html", {"workspace": workspace})


@page("GET", "POST")
def settings(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show and save the settings."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    if request.method == "POST":
        form = WorkspaceForm(request.POST, usual=workspace.default_job_type)
        if form.is_valid():
            update_workspace(workspace=workspace, now=timezone.now(), **form.cleaned_data)
            messages.success(request, "Saved.")
            return redirect("portal:settings", workspace_id=workspace_id)
    else:
        form = WorkspaceForm(
            usual=workspace.default_job_type,
            name=workspace.name,
            description=workspace.description,
            default_job_type=workspace.default_job_type,
        )
    context = {"workspace": workspace, "tab": "settings", "form": form, "title": f"Settings - {workspace.name}"}
    return render(request, "portal/settings.html", context, status=422 if form.errors else 200)


@page("GET", "POST")
def delete(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show what will be deleted, ask for the name as confirmation, and queue the deletion."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    typed = request.POST.get("typed", "").strip()
    if request.method == "POST" and typed == workspace.name.strip():
        with deletion_of(owner=request.user, workspace_id=workspace_id):
            delete_workspace(owner=request.user, workspace_id=workspace_id, force=True, now=timezone.now())
        messages.success(request, f"{workspace.name} is being deleted.")
        return go_to(request, reverse("portal:workspaces"))
    now = timezone.now()
    context = {
        "workspace": workspace,
        "running": [view_of(job, now=now) for job in live_jobs(workspace_id=workspace_id)],
        "typed": typed,
        "is_wrong": request.method == "POST",
        "layout": layout_of(request),
    }
    return render(request, "portal/delete.html", context, status=422 if request.method == "POST" else 200)


def layout_of(request: UserRequest) -> str:
    """Return the base template of a question: a dialog over the page, or a page without htmx."""
    return "portal/in_dialog.html" if wants_fragment(request) else "portal/in_page.html"
