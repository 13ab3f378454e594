"""`/api/workflows/{id}/disk_usage`, `diff/`, `prune`: looking at a whole workspace, and clearing it."""

import json
from collections.abc import Iterable

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from user_workspaces.accounts.scopes import Scope
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.values import Entry, EntryKind
from user_workspaces.quotas.values import BLOCK_BYTES
from user_workspaces.reana_api import serializers
from user_workspaces.reana_api.search import Search
from user_workspaces.reana_api.user_ids import user_uuid
from user_workspaces.reana_api.view import ReanaView, flag, object_in
from user_workspaces.workflows.diff import specification_differences, workspace_differences
from user_workspaces.workflows.lifecycle.prune import prune
from user_workspaces.workflows.queries import find_run, workspace_of
from user_workspaces.workspaces.files import walk_folder

USUAL_CONTEXT, MOST_CONTEXT = 5, 1000


class DiskUsage(ReanaView):
    """What files and folders take on disk."""

    def get(self, request: Request, named: str) -> Response:
        """List them, folders after what is in them; the last one, without a name, is the whole."""
        run, told = find_run(user=self.current_user, named=named), object_in(request)
        inner = told.get("parameters")
        told = inner if isinstance(inner, dict) else told
        sums = _sums(walk_folder(workspace=workspace_of(run), path=""))
        search = Search.read(told.get("search"))
        if told.get("summarize") is True:
            sums = {"": sums[""]}
        listed = [{"name": name, "size": serializers.size(raw)} for name, raw in sums.items() if search.fits(name, raw)]
        return Response(
            {
                "disk_usage_info": listed,
                "workflow_id": str(run.pk),
                "workflow_name": run.name,
                "user": user_uuid(run.owner_id),
            }
        )


def _sums(entries: Iterable[Entry]) -> dict[str, int]:
    """Return the bytes on disk by path, with a slash before it."""
    found = {"": BLOCK_BYTES}
    for entry in entries:
        size = BLOCK_BYTES if entry.kind is EntryKind.DIRECTORY else -(-entry.size // BLOCK_BYTES) * BLOCK_BYTES
        path = f"/{entry.path}"
        found[path] = found.get(path, 0) + size
        while path:
            path = path.rpartition("/")[0]
            found[path] = found.get(path, 0) + size
    return dict(reversed(found.items()))


class RunDiff(ReanaView):
    """What two of the caller's runs differ in."""

    def get(self, request: Request, named: str, other: str) -> Response:
        """Return the differences of specifications and of workspaces, each as JSON in a text."""
        first, second = (find_run(user=self.current_user, named=one) for one in (named, other))
        context, brief = _context(request), flag(request, "brief")
        locations, names = (workspace_of(first), workspace_of(second)), (first.full_name, second.full_name)
        listing = workspace_differences(*locations, brief=brief, context=context, names=names)
        specification = specification_differences(first, second, context=context)
        return Response({"reana_specification": json.dumps(specification), "workspace_listing": json.dumps(listing)})


def _context(request: Request) -> int:
    text = request.query_params.get("context_lines") or str(USUAL_CONTEXT)
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_CONTEXT)) and int(text) <= MOST_CONTEXT):
        raise InvalidRequest(f"context_lines must be a number from 0 to {MOST_CONTEXT}.")
    return int(text)


class Prune(ReanaView):
    """Removes what is neither input nor output."""

    scope = Scope.WORKSPACES

    def post(self, request: Request, named: str) -> Response:
        """Remove it; with `include_inputs` and `include_outputs` those too."""
        run = find_run(user=self.current_user, named=named)
        inputs, outputs = flag(request, "include_inputs"), flag(request, "include_outputs")
        workspace, now = workspace_of(run), timezone.now()
        prune(run=run, workspace=workspace, include_inputs=inputs, include_outputs=outputs, now=now)
        told = {"message": "The workspace has been correctly pruned."}
        return Response({**told, "workflow_id": str(run.pk), "workflow_name": run.full_name})
