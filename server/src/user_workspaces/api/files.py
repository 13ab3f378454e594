"""`/workspaces/{id}/files/`: the files and folders of a workspace."""

from datetime import datetime
from urllib.parse import urlencode

from django.http import HttpResponseBase
from django.utils import timezone
from django.utils.http import parse_etags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.scopes import Scope
from user_workspaces.api import objects
from user_workspaces.api.file_serializers import FileActionSerializer
from user_workspaces.api.objects import EntrySerializer
from user_workspaces.api.openapi import LIMIT, OFFSET, describe, header, page_of, text
from user_workspaces.api.request_user import caller
from user_workspaces.api.responses import body_of, number_in, success, text_in
from user_workspaces.errors import Conflict, InvalidRequest, NotFound, PreconditionFailed
from user_workspaces.interfaces.storage import NOTHING
from user_workspaces.interfaces.values import Entry, EntryKind
from user_workspaces.transfers.downloads import download, etag_of
from user_workspaces.transfers.filenames import file_path, path_in, queried_path
from user_workspaces.transfers.request_body import declared_length, pieces_of
from user_workspaces.transfers.slots import TransferSlot
from user_workspaces.transfers.views import transfer
from user_workspaces.workspaces import files
from user_workspaces.workspaces.details import checked_name
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import find_workspace

WHOLE = OpenApiResponse(OpenApiTypes.BINARY, description="The file, or the folder as a zip archive.")
RANGE = OpenApiResponse(OpenApiTypes.BINARY, description="The requested range.")
BYTES = "application/octet-stream"
"""The media type that client generators know; responses have the media type of the file."""
MAX_ENTRIES = 10_000
"""In one response: a folder can have a million entries."""


def describe_entry(entry: Entry) -> objects.Entry:
    """Return an entry for a response."""
    return {
        "name": entry.path.rpartition("/")[2],
        "path": entry.path,
        "type": entry.kind.value,
        "size": entry.size,
        "modified": entry.modified,
        "etag": etag_of(entry),
    }


@transfer
class Files(APIView):
    """The entries of a folder, and actions without an upload."""

    scope = Scope.WORKSPACES

    @describe(
        data={**page_of("entries", EntrySerializer), "path": serializers.CharField(allow_blank=True)},
        query=(text("path", "The folder; the workspace itself if omitted."), LIMIT, OFFSET),
        errors=(403,),
    )
    def get(self, request: Request, workspace_id: int) -> Response:
        """List the entries of a folder, sorted by name; `path` names the folder."""
        workspace = find_workspace(user=caller(request), workspace_id=workspace_id)
        path = _folder(queried_path(request._request))
        offset = number_in(request.query_params.get("offset", "0"), "offset")
        limit = min(number_in(request.query_params.get("limit", str(MAX_ENTRIES)), "limit"), MAX_ENTRIES)
        found = files.list_folder(workspace=workspace, path=path, offset=offset, limit=limit)
        # With a limit of 0, the link to the next page would lead to the same page.
        more = limit and offset + limit < found.total
        return success(
            data={
                "path": path,
                "entries": [describe_entry(entry) for entry in found.entries],
                "total": found.total,
                "next": _link(request, path, limit, offset + limit) if more else None,
                "previous": _link(request, path, limit, max(0, offset - limit)) if offset else None,
            }
        )

    @describe(body=FileActionSerializer, data={"entry": EntrySerializer()}, errors=(403, 409, 507))
    def post(self, request: Request, workspace_id: int) -> Response:
        """Move an entry, or create a folder."""
        workspace, body = find_workspace(user=caller(request), workspace_id=workspace_id), body_of(request)
        action, now = text_in(body, "action"), timezone.now()
        if action not in {"move", "make_directory"}:
            raise InvalidRequest("action must be 'move' or 'make_directory'.")
        path = file_path(body.get("path"))
        if action == "make_directory":
            made = files.make_folder(workspace=workspace, path=path, now=now)
            return success("Folder created.", data={"entry": describe_entry(made)})
        new_path, overwrite = file_path(body.get("new_path")), body.get("overwrite", False)
        if not isinstance(overwrite, bool):
            raise InvalidRequest("overwrite must be true or false.")
        moved = files.move_entry(workspace=workspace, path=path, new_path=new_path, overwrite=overwrite, now=now)
        return success("Moved.", data={"entry": describe_entry(moved)})


@transfer
class FileDetail(APIView):
    """A file, a link or a folder."""

    scope = Scope.WORKSPACES

    @describe(
        query=(
            header("Range", "One range of bytes."),
            header("If-None-Match", "Return the file only if its version differs."),
        ),
        further={
            (200, BYTES): WHOLE,
            (200, "*/*"): WHOLE,
            (206, BYTES): RANGE,
            (206, "*/*"): RANGE,
            304: OpenApiResponse(description="The client already has this version."),
        },
        errors=(403, 409, 412, 416, 429),
        succeeds=False,
    )
    def get(self, request: Request, workspace_id: int, path: str) -> HttpResponseBase:
        """Download a file, or a folder as a zip archive."""
        user = caller(request)
        workspace = find_workspace(user=user, workspace_id=workspace_id)
        name = path_in(request._request, path, workspace)
        _require_folder_before_slash(workspace, path, name)
        return download(request._request, workspace, name, user_id=user.pk)

    @describe(
        body={BYTES: {"type": "string", "format": "binary"}},
        data={"entry": EntrySerializer()},
        query=(
            header("If-Match", "Replace only this version."),
            header("If-None-Match", "`*`: create a new file."),
        ),
        same_body=(201,),
        errors=(403, 409, 412, 415, 429, 507),
    )
    def put(self, request: Request, workspace_id: int, path: str) -> Response:
        """Write the body to a file, completely or not at all; supports `If-Match` and `If-None-Match`."""
        user, now = caller(request), timezone.now()
        workspace = find_workspace(user=user, workspace_id=workspace_id)
        name = path_in(request._request, path, workspace)
        if path.endswith("/"):
            raise InvalidRequest("A file name cannot end with a slash.")
        # Ignoring this header would replace the whole file with one part of it.
        if "Content-Range" in request.headers:
            raise InvalidRequest("Content-Range is not supported: send the complete file, or upload it with tus.")
        with TransferSlot(user.pk):
            return _saved(request, workspace, name, now)

    @describe(query=(header("If-Match", "Delete only this version."),), errors=(403, 409, 412, 507))
    def delete(self, request: Request, workspace_id: int, path: str) -> Response:
        """Delete a file, a link, or a folder with its content."""
        workspace = find_workspace(user=caller(request), workspace_id=workspace_id)
        name = path_in(request._request, path, workspace)
        _require_folder_before_slash(workspace, path, name)
        _expected(request, files.entry_at(workspace=workspace, path=name))
        files.remove_entry(workspace=workspace, path=name, now=timezone.now())
        return success("Deleted.")


def _saved(request: Request, workspace: Workspace, name: str, now: datetime) -> Response:
    before = files.find_entry(workspace=workspace, path=name)
    expecting = _expected(request, before)
    try:
        saved = files.save_file(
            workspace=workspace,
            path=name,
            chunks=pieces_of(request._request),
            now=now,
            size=declared_length(request._request),
            expecting=expecting,
        )
    except Conflict:
        # A condition was checked above: a conflict now means that another write was faster.
        if expecting is None or (before is not None and before.kind is EntryKind.DIRECTORY):
            raise
        raise PreconditionFailed("The file has changed in the meantime.") from None
    response = success("Saved.", data={"entry": describe_entry(saved)})
    response.status_code = status.HTTP_200_OK if before is not None else status.HTTP_201_CREATED
    # With the new version, a client can save again without reading the file.
    response.headers["ETag"] = etag_of(saved)
    return response


def _expected(request: Request, entry: Entry | None) -> str | None:
    """Return the version that may be replaced, None for any; raises `PreconditionFailed` for an old one."""
    match, none_match = request.headers.get("If-Match"), request.headers.get("If-None-Match")
    if match is None and none_match is None:
        return None
    if match is not None and not (entry and _names(match, entry)):
        raise PreconditionFailed("The file has changed since you last read it.")
    if none_match is not None and entry and _names(none_match, entry):
        raise PreconditionFailed("A file with this name already exists.")
    # The storage compares this version again when it replaces the file, so that no write in between is lost.
    return entry.version if entry else NOTHING


def _names(header: str, entry: Entry) -> bool:
    tags = parse_etags(header)
    return "*" in tags or etag_of(entry) in tags


def _require_folder_before_slash(workspace: Workspace, path: str, name: str) -> None:
    # `path_in` drops the slash, so a file would be found under the path of a folder.
    if path.endswith("/") and not files.is_folder(files.entry_at(workspace=workspace, path=name)):
        raise NotFound(f"{name}: This is not a folder.")


def _folder(path: str) -> str:
    return checked_name(path, kind="File") if path.strip("/") else ""


def _link(request: Request, path: str, limit: int, offset: int) -> str:
    return f"{request.path}?{urlencode({'path': path, 'limit': limit, 'offset': offset})}"
