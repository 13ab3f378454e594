"""The environment of a workspace: its base, what is prepared and installed on it, its lock, and the way back."""

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
from user_workspaces.portal.fragments import LiveFragment, live_part, respond_with
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
    """The packages of a workspace, by where they come from."""

    own: tuple[Package, ...]
    """Installed in the workspace, and prepared ones."""
    of_site: tuple[Package, ...]
    libraries: tuple[str, ...]
    """Of other languages, in words."""
    extent: Extent
    problem: str = ""


@transfer
@page("GET")
def show(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show what jobs of this workspace find; the preparation follows by itself."""
    workspace, was_preparing = (
        find_workspace(user=request.user, workspace_id=workspace_id),
        WAS_PREPARING in request.GET,
    )
    with TransferSlot(request.user.pk):
        part = _preparation(request, workspace)
        packages = None if wants_fragment(request) else _packages(workspace)
    if packages is None:
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
    """Return the environment, or why it cannot be read: the rest of the page is shown all the same."""
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
    query.pop(WAS_PREPARING, None)  # a page that was opened with it would load itself again and again
    if moves:
        query[WAS_PREPARING] = "1"
    request.GET = query  # type: ignore[assignment]  # the part, when it asks for itself, says that it waited
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
    return live_part(request, "portal/preparation.html", context, name="preparation", title=title, moves=moves)


@transfer
@page("POST")
def prepare(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Have an environment prepared from a file of the workspace."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    with TransferSlot(request.user.pk):
        actions.prepare(workspace=workspace, file=request.POST.get("file", ""), now=timezone.now())
    return go_to(request, _address(workspace_id))


@transfer
@page("GET", "POST")
def reset_environment(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Say what will be lost, and go back to the site's own environment when that is confirmed."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    if request.method == "POST" and "sure" in request.POST:
        with TransferSlot(request.user.pk):
            reset(workspace=workspace, now=timezone.now())
        messages.success(request, "The next launch finds the site's own environment.")
        return go_to(request, _address(workspace_id))
    with TransferSlot(request.user.pk):
        loss = summarize_reset(workspace)
    context = {
        "workspace": workspace,
        "loss": loss,
        "named": loss.installed[:NAMES_SHOWN],
        "unnamed": max(0, len(loss.installed) - NAMES_SHOWN),
        "layout": layout_of(request),
    }
    return render(request, "portal/environment_reset.html", context)


@transfer
@page("GET")
def lock(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Send the lock of the environment as a file."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    with TransferSlot(request.user.pk):
        text = lock_text(workspace, packages_of(workspace))
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = disposition(LOCK_FILE, inline=False)
    return response


def _address(workspace_id: int) -> str:
    return reverse("portal:environment", args=[workspace_id])
