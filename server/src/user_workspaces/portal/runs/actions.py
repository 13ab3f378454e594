"""Actions on runs: run a workflow, start, restart, stop, delete, copy results."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from user_workspaces.errors import Conflict, UserWorkspacesError
from user_workspaces.portal.access import UserRequest, page
from user_workspaces.portal.htmx import done, go_to
from user_workspaces.portal.presenters.run import view_of_run
from user_workspaces.portal.presenters.session import resource_name
from user_workspaces.portal.runs.detail_views import address_of, origin_of
from user_workspaces.portal.runs.forms import ParametersForm, ResultsForm, RunWorkflowForm
from user_workspaces.portal.workspaces.detail_views import layout_of
from user_workspaces.transfers.filenames import file_path
from user_workspaces.workflows.lifecycle.actions import Start, delete_run, restart_run, start_run, stop_run
from user_workspaces.workflows.lifecycle.environments import RunEnvironment, environment_of, name_of_environment
from user_workspaces.workflows.lifecycle.plan import ignores_images, resource_of_runs, specification_of
from user_workspaces.workflows.lifecycle.workspace_runs import (
    USUAL_NAMES,
    copy_outputs,
    read_specification,
    restarts_after,
    run_workspace,
    specifications_in,
)
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import find_run, runs_in
from user_workspaces.workflows.run_names import LONGEST_NAME
from user_workspaces.workflows.specification import Severity
from user_workspaces.workflows.status import RunStatus
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import find_workspace, is_usable, workspaces_of

MOST_WORKSPACES = 500
NOT_IN_NAMES = str.maketrans({".": "-", "/": "-"})


@page("GET", "POST")
def run_workflow(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show the form for a new run, or the errors of the specification; on POST start the run and go to its page."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    given = request.POST if request.method == "POST" else request.GET
    path = file_path(given["path"]) if given.get("path") else _default_specification(workspace)
    reading = read_specification(workspace, path)
    context = {"workspace": workspace, "path": path, "layout": layout_of(request)}
    if reading.specification is None:
        problems = [one for one in reading.problems if one.severity is Severity.ERROR]
        return render(request, "portal/run_invalid.html", {**context, "problems": problems}, status=422)
    form = RunWorkflowForm(request.POST if request.method == "POST" else None, own=reading.specification.parameters())
    form.fields["name"].initial = workspace.name.translate(NOT_IN_NAMES)[:LONGEST_NAME]
    if form.is_valid():
        try:
            run = run_workspace(
                workspace=workspace,
                name=form.cleaned_data["name"],
                path=path,
                start=Start(parameters=form.parameters),
                resource_options={},
                now=timezone.now(),
            )
        except UserWorkspacesError as error:  # shown on the form, so that the input is kept
            form.add_error(None, error.message)
        else:
            return go_to(request, address_of(run))
    context |= {"form": form, "warnings": reading.warnings, **_images(resource_of_runs(), RunEnvironment(workspace))}
    return render(request, "portal/run_workflow.html", context, status=422 if form.errors else 200)


def _images(resource: str, environment: RunEnvironment | None) -> dict[str, object]:
    """Return the context that says that container images are ignored, if the resource ignores them."""
    name = name_of_environment(environment) if ignores_images(resource) else ""
    return {"environment_name": name, "resource": resource_name(resource)}


def _default_specification(workspace: Workspace) -> str:
    return next(iter(specifications_in(workspace)), USUAL_NAMES[0])


@page("GET", "POST")
def again(request: UserRequest, run_id: UUID) -> HttpResponse:
    """Start a created run, or restart it on the same files with other parameters."""
    run = find_run(user=request.user, named=str(run_id))
    form = ParametersForm(
        request.POST if request.method == "POST" else None,
        own=specification_of(run).parameters(),
        current=run.parameters,
    )
    if form.is_valid():
        begin = start_run if run.status == RunStatus.CREATED else restart_run
        try:
            started = begin(run=run, start=Start(parameters=form.parameters, options=run.options), now=timezone.now())
        except UserWorkspacesError as error:
            form.add_error(None, error.message)
        else:
            return go_to(request, address_of(started))
    context = {"run": run, "view": view_of_run(run), "form": form, "layout": layout_of(request)}
    context |= _images(run.resource, environment_of(run))
    return render(request, "portal/run_again.html", context, status=422 if form.errors else 200)


@page("GET", "POST")
def stop(request: UserRequest, run_id: UUID) -> HttpResponse:
    """Ask for confirmation, and stop the run."""
    run = find_run(user=request.user, named=str(run_id))
    if request.method == "POST":
        stop_run(run=run, now=timezone.now())
        return done(request, address_of(run))
    return render(request, "portal/run_stop.html", {"run": run, "view": view_of_run(run), "layout": layout_of(request)})


@page("GET", "POST")
def delete(request: UserRequest, run_id: UUID) -> HttpResponse:
    """Show what will be deleted, and delete the run, its files and the restarts that share them."""
    run = find_run(user=request.user, named=str(run_id))
    if request.method == "POST":
        # A repeated request gets the same message instead of an error.
        if run.status != RunStatus.DELETED:
            delete_run(run=run, now=timezone.now())
        messages.success(request, f"{run.full_name} is being deleted.")
        return go_to(request, reverse("portal:runs"))
    affected = list(runs_in(workspace_id=run.workspace_id).filter(owner=request.user).order_by("minor"))
    context = {
        "run": run,
        "affected": [view_of_run(one) for one in affected],
        "is_active": any(view_of_run(one).moves for one in affected),
        "workspace": Workspace.objects.filter(pk=run.workspace_id, owner=request.user).first(),
        "layout": layout_of(request),
    }
    return render(request, "portal/run_delete.html", context)


@page("GET", "POST")
def results(request: UserRequest, run_id: UUID) -> HttpResponse:
    """Copy the results of a run into a workspace, with a provenance file."""
    run = find_run(user=request.user, named=str(run_id))
    if run.status != RunStatus.FINISHED:
        raise Conflict(f"{run.full_name} is {run.status}, so it has no results to copy.")
    targets = _target_workspaces(request, run)
    form = ResultsForm(
        request.POST if request.method == "POST" else None,
        workspaces=targets,
        initial={"workspace": origin_of(run), "folder": run.full_name},
    )
    if form.is_valid():
        workspace = find_workspace(user=request.user, workspace_id=form.cleaned_data["workspace"])
        folder = form.cleaned_data["folder"]
        try:
            paths = copy_outputs(run=run, workspace=workspace, folder=folder, now=timezone.now())
        except UserWorkspacesError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{len(paths)} file{'s' if len(paths) != 1 else ''} copied into {folder}.")
            return go_to(request, f"{reverse('portal:files', args=[workspace.pk])}")
    context = {
        "run": run,
        "form": form,
        "has_targets": bool(targets),
        "restarts": restarts_after(run),
        "layout": layout_of(request),
    }
    return render(request, "portal/run_results.html", context, status=422 if form.errors else 200)


def _target_workspaces(request: UserRequest, run: Run) -> list[tuple[int, str]]:
    """Return the workspaces to copy results to, starting with the one that the run was started from."""
    origin = origin_of(run)
    own = workspaces_of(request.user).defer("current", "requested")[:MOST_WORKSPACES]
    usable = sorted((one for one in own if is_usable(one)), key=lambda one: one.pk != origin)
    return [(one.pk, one.name) for one in usable]
