"""The list of workspaces, and the page that creates one."""

from urllib.parse import urlencode

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.forms import BaseFormSet
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.errors import UserWorkspacesError
from user_workspaces.portal.access import UserRequest, page, wants_fragment
from user_workspaces.portal.forms import (
    FilterForm,
    LinkForm,
    LinkForms,
    WorkspaceForm,
    details_of,
    files_in,
    link_to,
)
from user_workspaces.portal.fragments import LiveFragment, Polling, live_fragment, respond_with_list
from user_workspaces.portal.htmx import go_to
from user_workspaces.portal.presenters.workspace import counts_of, rows_of, title_of
from user_workspaces.workspaces.actions import create_workspace, upload_file
from user_workspaces.workspaces.datasets import has_datasets
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import Sorting, find_workspaces

ROWS_A_PAGE = 20


@page("GET")
def list_workspaces(request: UserRequest) -> HttpResponse:
    """List the workspaces with their sessions; the query holds search, filter, order and page."""
    form = FilterForm(request.GET)
    return respond_with_list(request, "portal/workspaces.html", form, _list(request, form))


def _list(request: UserRequest, form: FilterForm) -> LiveFragment:
    wanted = form.wanted
    found = find_workspaces(
        request.user,
        search=wanted.get("q", ""),
        status=wanted.get("status", ""),
        sorting=Sorting(wanted.get("sort", Sorting.OPENED)),
    )
    shown = Paginator(found, ROWS_A_PAGE).get_page(request.GET.get("page"))
    rows = rows_of(shown.object_list, now=timezone.now())
    counts = counts_of(request.user)
    context = {
        "rows": rows,
        "page": shown,
        "query": urlencode(wanted),
        "is_filtered": any(wanted.get(name) for name in ("q", "status")),
    }
    moves = any(row.moves for row in rows)
    return live_fragment(
        request,
        "portal/workspace_list.html",
        context,
        name="list",
        title=title_of(counts),
        polling=Polling(moves=moves, pushed=all(row.is_usable for row in rows)),
    )


NO_LINKS = {"links-TOTAL_FORMS": "0", "links-INITIAL_FORMS": "0"}
"""Management data of the formset if the form has no datasets."""


@page("GET", "POST")
def new_workspace(request: UserRequest) -> HttpResponse:
    """Create a workspace with files and dataset links."""
    if request.method != "POST":
        chosen = link_to(request.GET.get("dataset", ""))
        links = LinkForms(prefix="links")
        links.forms[0].initial = chosen
        return render(request, "portal/new.html", _new_context(WorkspaceForm(), links))
    # Without its management data a formset is invalid, even an empty one.
    form, links = WorkspaceForm(request.POST), LinkForms({**NO_LINKS, **request.POST.dict()}, prefix="links")
    if form.is_valid() and links.is_valid():
        try:
            workspace = create_workspace(
                owner=request.user,
                name=form.cleaned_data["name"],
                description=form.cleaned_data["description"],
                default_job_type=form.cleaned_data["default_job_type"],
                details=details_of(links),
                now=timezone.now(),
            )
        except UserWorkspacesError as error:  # shown on the form, so that the input is kept
            form.add_error(None, error.message)
        else:
            # Files that cannot be saved do not undo the creation; a message names them.
            save_files(request, workspace, files_in(request.FILES), folder="")
            return go_to(request, reverse("portal:workspace", args=[workspace.pk]))
    template = "portal/new_form.html" if wants_fragment(request) else "portal/new.html"
    return render(request, template, _new_context(form, links), status=422)


def _new_context(form: WorkspaceForm, links: "BaseFormSet[LinkForm]") -> dict[str, object]:
    return {
        "form": form,
        "links": links,
        "has_datasets": has_datasets(registry.site().main_storage) or any(one.has_changed() for one in links),
        "picker": reverse("portal:datasets"),
    }


def save_files(request: UserRequest, workspace: Workspace, files: "list[UploadedFile[bytes]]", *, folder: str) -> int:
    """Write each file atomically, report failures as messages, and return the number of files written."""
    written = 0
    for file in files:
        path = f"{folder}/{file.name}" if folder else str(file.name)
        try:
            upload_file(workspace=workspace, path=path, chunks=file.chunks(), size=file.size, now=timezone.now())
            written += 1
        except UserWorkspacesError as error:
            messages.error(request, f"{path} was not saved: {error.message}")
    return written
