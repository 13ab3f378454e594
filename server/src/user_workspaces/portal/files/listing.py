"""The files page of a workspace: list, upload, link datasets."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from user_workspaces.errors import InvalidRequest, NotFound, UserWorkspacesError
from user_workspaces.portal.access import UserRequest, page, wants_fragment
from user_workspaces.portal.files.actions import address_of, folder_in
from user_workspaces.portal.files.open_with import openers_of
from user_workspaces.portal.files.rows import FolderView, Sorting, search_folder, view_folder
from user_workspaces.portal.forms import FolderForm, LinkForm, files_in, link_to
from user_workspaces.portal.fragments import LiveFragment, Polling, live_fragment, respond_with
from user_workspaces.portal.htmx import go_to
from user_workspaces.portal.workspaces.list_views import save_files
from user_workspaces.transfers.views import transfer
from user_workspaces.workspaces.actions import update_workspace
from user_workspaces.workspaces.datasets import has_datasets
from user_workspaces.workspaces.details import Details
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import find_workspace


@transfer
@page("GET", "POST")
def files(request: UserRequest, workspace_id: int) -> HttpResponse:
    """List the current files of a folder; a POST uploads files into it."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    if request.method == "POST":
        return _upload(request, workspace)
    part = _listing(request, workspace)
    if wants_fragment(request):
        return respond_with(request, part)
    return render(request, "portal/files.html", _context(request, workspace, part))


@page("POST")
def link(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Link a dataset into the workspace."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    form = LinkForm(request.POST)
    if form.is_valid():
        try:
            update_workspace(workspace=workspace, now=timezone.now(), details=Details(links=(form.link(),)))
        except UserWorkspacesError as error:  # shown on the form, so that the input is kept
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{form.cleaned_data['name']} was linked.")
            return go_to(request, reverse("portal:files", args=[workspace_id]))
    part = _listing(request, workspace)
    return render(request, "portal/files.html", _context(request, workspace, part, form), status=422)


def _context(
    request: UserRequest, workspace: Workspace, part: LiveFragment, form: LinkForm | None = None
) -> dict[str, object]:
    chosen = link_to(request.GET.get("dataset", ""))
    return {
        "workspace": workspace,
        "tab": "files",
        "has_datasets": has_datasets(workspace.storage) or form is not None,
        "picker": reverse("portal:workspace_datasets", args=[workspace.pk]),
        "listing": part.html,
        "title": part.title,
        "folder": request.GET.get("in", "").strip("/"),
        "search": request.GET.get("q", ""),
        "link_form": form or LinkForm(initial=chosen),
        "is_linking": form is not None or bool(chosen),
    }


def _listing(request: UserRequest, workspace: Workspace) -> LiveFragment:
    search, hidden = request.GET.get("q", "").strip(), "hidden" in request.GET
    found, problem = _read_folder(request, workspace, search=search, hidden=hidden)
    folder = found.path if found else ""
    kept = {"in": folder, "q": search, "hidden": "1" if hidden else "", "sort": request.GET.get("sort", "")}
    # Numbers instead of a flag: a change during a measurement remains unmeasured.
    is_measuring = workspace.measured != workspace.changes
    context = {
        "workspace": workspace,
        "view": found,
        "problem": problem,
        "page": found.page if found else None,
        "search": search,
        "hidden": hidden,
        "sort": kept["sort"],
        "unsorted": urlencode({name: value for name, value in kept.items() if value and name != "sort"}),
        "query": urlencode({name: value for name, value in kept.items() if value}),
        "is_measuring": is_measuring,
        "address": reverse("portal:files", args=[workspace.pk]),
        "folder": folder,
    }
    name = f"{folder} - {workspace.name}" if folder else workspace.name
    polling, title = Polling(moves=is_measuring), f"Files - {name}"
    return live_fragment(request, "portal/file_list.html", context, name="listing", title=title, polling=polling)


def _read_folder(
    request: UserRequest, workspace: Workspace, *, search: str, hidden: bool
) -> tuple[FolderView | None, str]:
    """Return the folder, or why it cannot be read: the rest of the page must still work."""
    number = request.GET.get("page")
    try:
        folder = folder_in(request) if request.method == "GET" else ""
        openers = openers_of(workspace, now=timezone.now())
        if search:
            return search_folder(workspace=workspace, path=folder, page=number, words=search, openers=openers), ""
        sorting = Sorting.read(request.GET.get("sort", ""))
        found = view_folder(
            workspace=workspace, path=folder, page=number, hidden=hidden, sorting=sorting, openers=openers
        )
    except NotFound:
        return None, "This folder is not there, or it has been deleted."
    except UserWorkspacesError as error:
        return None, error.message
    return found, ""


def _upload(request: UserRequest, workspace: Workspace) -> HttpResponse:
    form = FolderForm(request.POST)
    if not form.is_valid():
        raise InvalidRequest(" ".join(str(problem) for problem in form.errors["folder"]))
    folder, chosen = form.cleaned_data["folder"], files_in(request.FILES)
    if not chosen:
        raise InvalidRequest("Choose at least one file first.")
    written = save_files(request, workspace, chosen, folder=folder)
    if written:
        messages.success(request, f"{written} file{'s' if written != 1 else ''} uploaded.")
    return go_to(request, address_of(workspace, folder))
