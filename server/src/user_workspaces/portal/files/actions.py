"""Actions on the files page: new folder, rename or move, delete."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from user_workspaces.errors import InvalidRequest, NotFound, UserWorkspacesError
from user_workspaces.interfaces.file_names import escape_controls
from user_workspaces.portal.access import UserRequest, page, wants_fragment
from user_workspaces.portal.files.deletion_summary import summarize_deletion
from user_workspaces.portal.forms import MoveForm, NewFolderForm
from user_workspaces.portal.htmx import done
from user_workspaces.portal.workspaces.detail_views import layout_of
from user_workspaces.transfers.filenames import file_path
from user_workspaces.transfers.views import transfer
from user_workspaces.workspaces import files
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import find_workspace

MOST_CHOSEN = 1_000


@page("GET", "POST")
def new_folder(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Ask for a name, and create a folder in the open folder."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    folder = folder_in(request)
    form = NewFolderForm(request.POST if request.method == "POST" else None, auto_id="folder_%s")
    if form.is_valid():
        try:
            path = _below(folder, form.cleaned_data["name"])
            files.make_folder(workspace=workspace, path=path, now=timezone.now())
        except UserWorkspacesError as error:
            form.add_error("name", error.message)
        else:
            return _done(request, address_of(workspace, folder), message=f"{path} was created.")
    return _dialog(request, "portal/new_folder.html", workspace, folder, {"form": form}, wrong=bool(form.errors))


@page("GET", "POST")
def move(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Ask for a new path, and move a file or folder there."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    folder, path = folder_in(request), file_path(_given(request).get("path"))
    entry = files.entry_at(workspace=workspace, path=path)
    form = MoveForm(
        request.POST if request.method == "POST" else None,
        # Browsers change line breaks in form fields, so control characters are escaped.
        initial={"new_path": escape_controls(path)},
        auto_id="move_%s",
    )
    if form.is_valid() and form.cleaned_data["new_path"] == path:
        return _done(request, address_of(workspace, folder), message="Nothing was changed.")
    if form.is_valid():
        try:
            new_path, overwrite = form.cleaned_data["new_path"], form.cleaned_data["overwrite"]
            files.move_entry(workspace=workspace, path=path, new_path=new_path, overwrite=overwrite, now=timezone.now())
        except UserWorkspacesError as error:
            form.add_error("new_path", error.message)
        else:
            return _done(request, address_of(workspace, folder), message=f"{path} was moved to {new_path}.")
    context = {"form": form, "path": path, "is_folder": files.is_folder(entry), "name": path.rpartition("/")[2]}
    return _dialog(request, "portal/move.html", workspace, folder, context, wrong=bool(form.errors))


@transfer
@page("GET", "POST")
def remove(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show what will be deleted, and delete it once confirmed."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    folder, paths = folder_in(request), chosen_in(request)
    # The question is also requested by POST, because a large selection does not fit into a URL.
    if request.method == "POST" and "sure" in request.POST:
        _remove(workspace, paths)
        deleted = paths[0].rpartition("/")[2] if len(paths) == 1 else f"{len(paths)} items"
        return _done(request, address_of(workspace, folder), message=f"{deleted} deleted.")
    context = {"entries": summarize_deletion(workspace, paths), "paths": paths}
    return _dialog(request, "portal/remove.html", workspace, folder, context, wrong=False)


def folder_in(request: UserRequest) -> str:
    """Return the open folder, empty for the workspace itself; raises `InvalidRequest`."""
    given = _given(request).get("in", "")
    return file_path(given) if given.strip("/") else ""


def chosen_in(request: UserRequest) -> list[str]:
    """Return the selected paths; raises `InvalidRequest` if there are none or too many."""
    paths = [file_path(path) for path in _given(request).getlist("path")]
    if not paths:
        raise InvalidRequest("Select at least one item first.")
    if len(paths) > MOST_CHOSEN:
        raise InvalidRequest(f"Select at most {MOST_CHOSEN} items.")
    return paths


def address_of(workspace: Workspace, folder: str) -> str:
    """Return the URL of a folder's page."""
    address = reverse("portal:files", args=[workspace.pk])
    return f"{address}?{urlencode({'in': folder})}" if folder else address


def _given(request: UserRequest) -> QueryDict:
    return request.POST if request.method == "POST" else request.GET


def _below(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _remove(workspace: Workspace, paths: list[str]) -> None:
    """Delete all that can be deleted, then raise `InvalidRequest` for the rest; missing files count as deleted."""
    problems = list[str]()
    for path in paths:
        try:
            files.remove_entry(workspace=workspace, path=path, now=timezone.now())
        except NotFound:
            continue
        except UserWorkspacesError as error:
            problems.append(f"{path} was not deleted: {error.message}")
    if problems:
        raise InvalidRequest(" ".join(problems))


def _done(request: UserRequest, address: str, *, message: str) -> HttpResponse:
    """Close the dialog and reload the list behind it; the page stays, so that uploads continue."""
    if not wants_fragment(request):
        messages.success(request, message)
    return done(request, address)


def _dialog(
    request: UserRequest, template: str, workspace: Workspace, folder: str, context: dict[str, object], *, wrong: bool
) -> HttpResponse:
    shared = {
        "workspace": workspace,
        "folder": folder,
        "back": address_of(workspace, folder),
        "layout": layout_of(request),
    }
    return render(request, template, {**shared, **context}, status=422 if wrong else 200)
