"""The environment page of a workspace: base, prepared and installed packages, lock file, reset."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRefresh

from user_workspaces.environments import actions
from user_workspaces.environments.overview import lock_text, packages_of, preparation_of, python_of
from user_workspaces.environments.packages import Extent, Origin, Package, extent_of, libraries_of
from user_workspaces.environments.queries import is_preparing, prepared_in
from user_workspaces.environments.reset import reset, summarize_reset
from user_workspaces.environments.specifications import BUILT_BY_JOBS, LOCK_FILE
from user_workspaces.errors import UserWorkspacesError
from user_workspaces.portal.access import UserRequest, page, wants_fragment
from user_workspaces.portal.fragments import LiveFragment, Polling, live_fragment, respond_with
from user_workspaces.portal.htmx import go_to
from user_workspaces.portal.workspaces.detail_views import layout_of
from user_workspaces.transfers.filenames import disposition
from user_workspaces.transfers.slots import TransferSlot
from user_workspaces.transfers.views import transfer
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import find_workspace

WAS_PREPARING = "preparing"
NAMES_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages of a workspace, grouped by origin."""

    own: tuple[Package, ...]
    """Packages installed in the workspace or prepared from a file."""
    of_site: tuple[Package, ...]
    libraries: tuple[str, ...]
    """Short texts about packages of other languages."""
    extent: Extent
    problem: str = ""


@transfer
@page("GET")
def show(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show the environment of the workspace; the fragment about a preparation refreshes itself."""
    workspace, was_preparing = (
        find_workspace(user=request.user, workspace_id=workspace_id),
        WAS_PREPARING in request.GET,
    )
    with TransferSlot(request.user.pk):
        part = _preparation(request, workspace)
        # A poll shows the preparation only: the packages would have to be read each second.
        packages = None if wants_fragment(request) else _packages(workspace)
    if packages is None:
        # When the preparation is over, the page reloads once, because its packages have changed.
        is_over = was_preparing and not is_preparing(prepared_in(workspace_id))
        return HttpResponseClientRefresh() if is_over else respond_with(request, part)
    context = {
        "workspace": workspace,
        "tab": "environment",
        "python": python_of(workspace),
        "packages": packages,
        "can_reset": packages.own or packages.extent.files or prepared_in(workspace_id) is not None,
        "preparation": part.html,
        "title": part.title,
    }
    return render(request, "portal/environment.html", context)


def _packages(workspace: Workspace) -> Packages:
    """Return the packages, or why they cannot be read: the rest of the page must still work."""
    try:
        found, libraries, extent = (
            packages_of(workspace, with_sizes=True),
            libraries_of(workspace),
            extent_of(workspace),
        )
    except UserWorkspacesError as error:
        return Packages((), (), (), Extent(0, 0, is_more=False), error.message)
    own = tuple(package for package in found if package.origin is not Origin.SITE)
    return Packages(own, tuple(package for package in found if package.origin is Origin.SITE), libraries, extent)


def _preparation(request: UserRequest, workspace: Workspace) -> LiveFragment:
    problem, found = "", None
    try:
        found = preparation_of(workspace)
    except UserWorkspacesError as error:
        problem = error.message
    moves = found is not None and is_preparing(found.row)
    query = request.GET.copy()
    query.pop(WAS_PREPARING, None)  # otherwise a page opened with it would reload forever
    if moves:
        query[WAS_PREPARING] = "1"
    request.GET = query  # type: ignore[assignment]  # the next poll then knows that it waited
    python = python_of(workspace)
    files = found.files if found else ()
    context = {
        "workspace": workspace,
        "found": found,
        "problem": problem,
        "python": python,
        "offers": [file for file in files if not python.problem or file in BUILT_BY_JOBS],
    }
    title = f"{'preparing' if moves else 'Environment'} - {workspace.name}"
    polling = Polling(moves=moves)
    return live_fragment(request, "portal/preparation.html", context, name="preparation", title=title, polling=polling)


@transfer
@page("POST")
def prepare(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Start to prepare an environment from a file of the workspace."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    with TransferSlot(request.user.pk):
        actions.prepare(workspace=workspace, file=request.POST.get("file", ""), now=timezone.now())
    return go_to(request, _address(workspace_id))


@transfer
@page("GET", "POST")
def reset_environment(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show what will be deleted, and reset the environment once confirmed."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    if request.method == "POST" and "sure" in request.POST:
        with TransferSlot(request.user.pk):
            reset(workspace=workspace, now=timezone.now())
        messages.success(request, "The environment was reset. The next launch uses the site's environment.")
        return go_to(request, _address(workspace_id))
    with TransferSlot(request.user.pk):
        summary = summarize_reset(workspace)
    context = {
        "workspace": workspace,
        "summary": summary,
        "named": summary.installed[:NAMES_SHOWN],
        "unnamed": max(0, len(summary.installed) - NAMES_SHOWN),
        "layout": layout_of(request),
    }
    return render(request, "portal/environment_reset.html", context)


@transfer
@page("GET")
def lock(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Send the lock file of the environment."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    with TransferSlot(request.user.pk):
        text = lock_text(workspace, packages_of(workspace))
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = disposition(LOCK_FILE, inline=False)
    return response


def _address(workspace_id: int) -> str:
    return reverse("portal:environment", args=[workspace_id])
