"""Preview of a file in a dialog, and the documents for its frame."""

from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from user_workspaces.errors import InvalidRequest
from user_workspaces.portal.access import UserRequest, page
from user_workspaces.portal.files.actions import address_of
from user_workspaces.portal.files.documents import Markdown, Pictures, document, links_of
from user_workspaces.portal.files.notebooks import notebook
from user_workspaces.portal.files.open_with import openers_of
from user_workspaces.portal.files.previews import (
    LARGEST_EDITED,
    LARGEST_RENDERED,
    PDF,
    is_markdown,
    is_notebook,
    preview_of,
)
from user_workspaces.portal.workspaces.detail_views import layout_of
from user_workspaces.transfers.downloads import content_type_of, download
from user_workspaces.transfers.filenames import disposition, file_path
from user_workspaces.transfers.slots import TransferSlot
from user_workspaces.transfers.views import transfer
from user_workspaces.workspaces.files import open_file
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import find_workspace

APPEARANCES = {"light", "dark", "contrast"}
FRAMED = "default-src 'none'; style-src 'unsafe-inline'; object-src 'self'; frame-ancestors 'self'"
"""Policy for a PDF: the browser's viewer does not work in a sandbox."""


@page("GET")
def preview(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Show the preview of a file; `part` is `start` or `end`."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    path = file_path(request.GET.get("path"))
    end = {"start": False, "end": True}.get(request.GET.get("part", ""))
    # Storage can be slow: the slot limits how many threads the previews of one user occupy.
    with TransferSlot(request.user.pk):
        seen = preview_of(workspace, path, end=end)
    context = {
        "workspace": workspace,
        "path": path,
        "preview": seen,
        "is_of_run": workspace.holds_runs,
        "open_links": openers_of(workspace, now=timezone.now()).open_links(path),
        "back": address_of(workspace, path.rpartition("/")[0]),
        "layout": layout_of(request),
    }
    return render(request, "portal/preview.html", context)


@page("GET")
def rendered(request: UserRequest, workspace_id: int) -> HttpResponse:
    """Return a notebook or Markdown file as an HTML document for the frame of its preview."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    path = file_path(request.GET.get("path"))
    if not (is_notebook(path) or is_markdown(path)):
        raise InvalidRequest("Only notebooks and Markdown files can be rendered.")
    with TransferSlot(request.user.pk):
        body = _body(workspace, path)
    appearance = request.GET.get("appearance", "")
    return document(body, title=path, appearance=appearance if appearance in APPEARANCES else "")


@transfer
@page("GET")
def view(request: UserRequest, workspace_id: int) -> HttpResponseBase:
    """Send a PDF to the browser's own viewer."""
    workspace = find_workspace(user=request.user, workspace_id=workspace_id)
    path = file_path(request.GET.get("path"))
    # The portal's origin must not show other types: HTML or SVG could run scripts as the user.
    if content_type_of(path) != PDF:
        raise InvalidRequest("Only PDF files can be viewed this way.")
    response = download(request, workspace, path, user_id=request.user.pk)
    # Not for a 304 or an error, which have other types.
    if response.headers.get("Content-Type") == PDF:
        response.headers["Content-Disposition"] = disposition(path.rpartition("/")[2], inline=True)
        response.headers["Content-Security-Policy"] = FRAMED
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response


def _body(workspace: Workspace, path: str) -> SafeString:
    pictures = Pictures(workspace, path).embed
    links = links_of(path, reverse("portal:preview", args=[workspace.pk]))
    if is_notebook(path):
        return notebook(_whole(workspace, path, LARGEST_RENDERED), pictures=pictures, links=links)
    text = _whole(workspace, path, LARGEST_EDITED).decode("utf-8-sig", "replace")
    return Markdown(pictures=pictures, links=links).html(text)


def _whole(workspace: Workspace, path: str, largest: int) -> bytes:
    opened = open_file(workspace=workspace, path=path)
    with opened.content as content:
        if opened.entry.size > largest:
            raise InvalidRequest("This file is too large to preview. Download it instead.")
        return content.read(largest)
