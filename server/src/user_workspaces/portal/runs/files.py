"""The files of a run: list and download."""

from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse

from user_workspaces.errors import NotFound
from user_workspaces.portal.access import UserRequest, page
from user_workspaces.portal.files.actions import folder_in
from user_workspaces.portal.files.rows import Sorting, view_folder
from user_workspaces.portal.runs.detail_views import framed
from user_workspaces.transfers.downloads import download
from user_workspaces.transfers.filenames import file_path
from user_workspaces.transfers.views import transfer
from user_workspaces.workflows.queries import find_run, workspace_of


@page("GET")
def files(request: UserRequest, run_id: UUID) -> HttpResponse:
    """List one folder of the run's current files."""
    run = find_run(user=request.user, named=str(run_id))
    context = {**framed(run, tab="files"), "title": f"Files - {run.full_name}"}
    sort = request.GET.get("sort", "")
    try:
        workspace, folder, sort = workspace_of(run), folder_in(request), request.GET.get("sort", "")
        found = view_folder(
            workspace=workspace, path=folder, page=request.GET.get("page"), hidden=False, sorting=Sorting.read(sort)
        )
    except NotFound as error:
        return render(request, "portal/run_files.html", {**context, "problem": error.message})
    context |= {
        "workspace": workspace,
        "view": found,
        "folder": folder,
        "page": found.page,
        "query": urlencode({name: value for name, value in (("in", folder), ("sort", sort)) if value}),
        "unsorted": urlencode({"in": folder}) if folder else "",
        "sort": sort,
        "address": reverse("portal:run_files", args=[run.pk]),
    }
    return render(request, "portal/run_files.html", context)


@transfer
@page("GET")
def download_files(request: UserRequest, run_id: UUID) -> HttpResponseBase:
    """Send a file, or a folder as a zip archive; without `path`, all files."""
    run = find_run(user=request.user, named=str(run_id))
    path = request.GET.get("path", "")
    checked = file_path(path) if path.strip("/") else ""
    return download(request, workspace_of(run), checked, user_id=request.user.pk)
