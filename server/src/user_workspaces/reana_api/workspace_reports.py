"""`/api/workflows/{id}/disk_usage`, `diff/` and `prune`: reports about a workspace, and pruning it."""

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
    """The disk usage of files and folders."""

    def get(self, request: Request, named: str) -> Response:
        """List sizes, folders after their content; the last one, without a name, is the whole workspace."""
        run, body = find_run(user=self.current_user, named=named), object_in(request)
        inner = body.get("parameters")
        options = inner if isinstance(inner, dict) else body
        sums = _sums(walk_folder(workspace=workspace_of(run), path=""))
        search = Search.read(options.get("search"))
        if options.get("summarize") is True:
            sums = {"": sums[""]}
        listed = [
            {"name": name, "size": serializers.size(raw)} for name, raw in sums.items() if search.matches(name, raw)
        ]
        return Response(
            {
                "disk_usage_info": listed,
                "workflow_id": str(run.pk),
                "workflow_name": run.name,
                "user": user_uuid(run.owner_id),
            }
        )


def _sums(entries: Iterable[Entry]) -> dict[str, int]:
    """Return the bytes on disk by path, with a leading slash."""
    found = {"": BLOCK_BYTES}  # the workspace's own directory
    for entry in entries:
        # Rounded up, since a file occupies whole blocks on the disk.
        size = BLOCK_BYTES if entry.kind is EntryKind.DIRECTORY else -(-entry.size // BLOCK_BYTES) * BLOCK_BYTES
        path = f"/{entry.path}"
        found[path] = found.get(path, 0) + size
        while path:
            path = path.rpartition("/")[0]
            found[path] = found.get(path, 0) + size
    return dict(reversed(found.items()))


class RunDiff(ReanaView):
    """The differences of two of the caller's runs."""

    def get(self, request: Request, named: str, other: str) -> Response:
        """Return the differences of specifications and of workspaces, each as JSON in a string."""
        first, second = (find_run(user=self.current_user, named=one) for one in (named, other))
        context, brief = _context(request), flag(request, "brief")
        locations, names = (workspace_of(first), workspace_of(second)), (first.full_name, second.full_name)
        listing = workspace_differences(*locations, brief=brief, context=context, names=names)
        specification = specification_differences(first, second, context=context)
        return Response({"reana_specification": json.dumps(specification), "workspace_listing": json.dumps(listing)})


def _context(request: Request) -> int:
    text = request.query_params.get("context_lines") or str(USUAL_CONTEXT)
    # The length is checked before `int`, which raises an error for thousands of digits.
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(MOST_CONTEXT)) and int(text) <= MOST_CONTEXT):
        raise InvalidRequest(f"context_lines must be a number from 0 to {MOST_CONTEXT}.")
    return int(text)


class Prune(ReanaView):
    """Prune the workspace of a run."""

    scope = Scope.WORKSPACES

    def post(self, request: Request, named: str) -> Response:
        """Remove files that are neither inputs nor outputs; `include_inputs` and `include_outputs` add those."""
        run = find_run(user=self.current_user, named=named)
        inputs, outputs = flag(request, "include_inputs"), flag(request, "include_outputs")
        workspace, now = workspace_of(run), timezone.now()
        prune(run=run, workspace=workspace, include_inputs=inputs, include_outputs=outputs, now=now)
        result = {"message": "The workspace has been correctly pruned."}
        return Response({**result, "workflow_id": str(run.pk), "workflow_name": run.full_name})
