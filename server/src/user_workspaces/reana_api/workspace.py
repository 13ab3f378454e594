"""`/api/workflows/{id}/workspace`: list, upload, download, delete and move the files of a run."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from user_workspaces.accounts.scopes import Scope
from user_workspaces.errors import Conflict, InvalidRequest, NotFound, UserWorkspacesError
from user_workspaces.interfaces.values import Entry
from user_workspaces.reana_api import serializers
from user_workspaces.reana_api.patterns import is_glob, path_of
from user_workspaces.reana_api.run_list import paged
from user_workspaces.reana_api.search import Search
from user_workspaces.reana_api.view import ReanaView, flag
from user_workspaces.transfers.downloads import content_type_of, download, download_folder
from user_workspaces.transfers.filenames import disposition, path_in
from user_workspaces.transfers.request_body import declared_length, pieces_of
from user_workspaces.transfers.slots import TransferSlot
from user_workspaces.transfers.views import transfer
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.patterns import all_files, files_matching
from user_workspaces.workflows.queries import find_run, workspace_of
from user_workspaces.workspaces import files
from user_workspaces.workspaces.actions import upload_file
from user_workspaces.workspaces.models import Workspace

BYTES = "application/octet-stream"
SHOWN = ("image/", "text/html", "application/pdf", "text/plain")


def _read(found: list[Entry], offset: int, limit: int | None) -> tuple[list[Any], int]:
    cut = found[offset : None if limit is None else offset + limit]
    return [describe_file(one) for one in cut], len(found)


@transfer
class RunFiles(ReanaView):
    """The files of a run."""

    scope = Scope.WORKSPACES

    def get(self, request: Request, named: str) -> Response:
        """List all files, filtered by `search` and the glob `file_name`."""
        workspace = workspace_of(find_run(user=self.current_user, named=named))
        pattern, search = request.query_params.get("file_name", ""), Search.read(request.query_params.get("search"))
        listed: Iterable[Entry] = files_matching(workspace, pattern) if pattern else all_files(workspace)
        found = [one for one in listed if search.matches(one.path, one.size, serializers.moment(one.modified) or "")]
        return Response(paged(request, partial(_read, found)))

    def post(self, request: Request, named: str) -> Response:
        """Write the body to a file atomically."""
        name = request.query_params.get("file_name", "")
        if not name:
            raise InvalidRequest("No file_name provided")
        # The body becomes the file as it is: a form would be stored with its boundaries.
        if (request._request.content_type or "").lower() != BYTES:
            raise InvalidRequest(f"Wrong Content-Type: use {BYTES}.")
        path, workspace = path_of(name), workspace_of(find_run(user=self.current_user, named=named))
        body = request._request
        with TransferSlot(self.current_user.pk):  # limits the worker threads that one user's uploads occupy
            upload_file(
                workspace=workspace,
                path=path,
                chunks=pieces_of(body),
                size=declared_length(body),
                now=timezone.now(),
            )
        return Response({"message": f"{name} has been successfully uploaded."})


def describe_file(entry: Entry) -> dict[str, object]:
    """Return the list item of a file."""
    return {
        "name": entry.path,
        "last-modified": serializers.moment(entry.modified),
        "size": serializers.size(entry.size),
    }


@transfer
class RunFile(ReanaView):
    """A file, a folder, or all files that match a glob."""

    scope = Scope.WORKSPACES

    def get(self, request: Request, named: str, path: str) -> HttpResponseBase:
        """Download a file, or a folder or several files as a zip archive."""
        run = find_run(user=self.current_user, named=named)
        workspace = workspace_of(run)
        checked = path_of(path_in(request._request, path, workspace))
        entry = files.find_entry(workspace=workspace, path=checked)
        if entry is None and is_glob(checked):  # a file whose name contains wildcards comes first
            names = [one.path for one in files_matching(workspace, checked)]
            if len(names) == 1:
                checked, entry = names[0], files.find_entry(workspace=workspace, path=names[0])
            elif names:
                return self._archive(request, run, workspace, checked, names)
        if entry is None:
            raise NotFound(f"{checked} does not exist.")
        if files.is_folder(entry):
            return self._archive(request, run, workspace, checked, [checked])
        response = download(request._request, workspace, checked, user_id=self.current_user.pk)
        return _as_reana(response, checked, preview=flag(request, "preview"))

    def _archive(
        self, request: Request, run: Run, workspace: Workspace, pattern: str, names: list[str]
    ) -> HttpResponseBase:
        response = download_folder(request._request, workspace, "", user_id=self.current_user.pk, names=names)
        label = "".join(one if one.isalnum() or one in "._-" else "_" for one in f"{run.full_name}_{pattern}")[:150]
        at = timezone.now().strftime("%Y-%m-%d-%H%M%S")
        response.headers["Content-Disposition"] = disposition(f"download_{label}_{at}.zip")
        return response

    def delete(self, request: Request, named: str, path: str) -> Response:
        """Delete files; missing files and folders are ignored."""
        workspace = workspace_of(find_run(user=self.current_user, named=named))
        checked = path_of(path_in(request._request, path, workspace))
        deleted, failed = dict[str, object](), dict[str, object]()
        for entry in _files_to_delete(workspace, checked):
            try:
                files.remove_entry(workspace=workspace, path=entry.path, now=timezone.now())
                deleted[entry.path] = {"size": entry.size}
            # Another request has deleted it since the list was read.
            except NotFound:
                continue
            except UserWorkspacesError as error:
                failed[entry.path] = {"error": error.message}
        return Response({"deleted": deleted, "failed": failed})


def _files_to_delete(workspace: Workspace, path: str) -> list[Entry]:
    entry = files.find_entry(workspace=workspace, path=path)
    if entry is not None:
        return [] if files.is_folder(entry) else [entry]
    return files_matching(workspace, path) if is_glob(path) else []


def _as_reana(response: HttpResponseBase, path: str, *, preview: bool) -> HttpResponseBase:
    """Set headers as REANA does: a content type only for previews, and the whole path as file name."""
    kind = content_type_of(path)
    # HTML is shown without danger, because `download` sends a policy that sandboxes it.
    shown = preview and kind.startswith(SHOWN)
    response.headers["Content-Type"] = kind if shown else BYTES
    response.headers["Content-Disposition"] = disposition(path, inline=shown)
    return response


class MoveFiles(ReanaView):
    """Move a file or a folder."""

    scope = Scope.WORKSPACES

    def put(self, request: Request, named: str) -> Response:
        """Move `source` to `target`, or into it if it is a folder. An existing file is replaced."""
        source, target = (path_of(request.query_params.get(name, "")) for name in ("source", "target"))
        run = find_run(user=self.current_user, named=named)
        workspace, now = workspace_of(run), timezone.now()
        if files.find_entry(workspace=workspace, path=source) is None:
            raise NotFound(f"Path {source} does not exist")
        there = files.find_entry(workspace=workspace, path=target)
        if there is not None and files.is_folder(there):
            target = f"{target}/{source.rpartition('/')[2]}"
        # `path_of` drops the trailing slash, with which clients ask for an existing folder.
        elif request.query_params["target"].endswith("/"):
            raise Conflict(f"Path {target}/ does not exist")
        if source != target:
            files.move_entry(workspace=workspace, path=source, new_path=target, overwrite=True, now=now)
        result = {
            "message": "Files were successfully moved",
            "workflow_id": str(run.pk),
            "workflow_name": run.full_name,
        }
        return Response(result)
