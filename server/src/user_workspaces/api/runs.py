"""`/workspaces/{id}/runs/`: runs of the workflow in a workspace, and copies of their outputs."""

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.scopes import Scope
from user_workspaces.api import objects
from user_workspaces.api.objects import RunSerializer
from user_workspaces.api.openapi import LIMIT, OFFSET, describe, page_of
from user_workspaces.api.request_user import caller
from user_workspaces.api.responses import body_of, object_in, page, success, text_in
from user_workspaces.api.run_serializers import NewRunSerializer, RunOutputsSerializer
from user_workspaces.errors import NotFound
from user_workspaces.transfers.filenames import file_path
from user_workspaces.workflows.lifecycle.actions import Start
from user_workspaces.workflows.lifecycle.workspace_runs import copy_outputs, run_workspace, runs_from
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.run_names import as_uuid
from user_workspaces.workspaces.queries import find_workspace

NONE_FOUND = "Run matching given parameters could not be found."


def describe_run(run: Run) -> objects.Run:
    """Return a run for a response."""
    return {
        "id": str(run.pk),
        "name": run.full_name,
        "status": run.status,
        "message": run.message,
        "workspace_id": run.workspace_id,
        "resource": run.resource,
        "datetime_created": run.datetime_created,
        "datetime_start": run.datetime_started,
        "datetime_end": run.datetime_finished or run.datetime_stopped,
    }


def _describe(rows: QuerySet[Run]) -> list[objects.Run]:
    # These two columns can be long, and a list shows neither of them.
    return [describe_run(run) for run in rows.defer("specification", "kept_logs")]


class WorkspaceRuns(APIView):
    """The runs that were started from a workspace, and new ones."""

    scope = Scope.SESSIONS

    @describe(data=page_of("runs", RunSerializer), query=(LIMIT, OFFSET))
    def get(self, request: Request, workspace_id: int) -> Response:
        """List the runs of a workspace, newest first."""
        workspace = find_workspace(user=caller(request), workspace_id=workspace_id)
        return page(runs_from(workspace), request, key="runs", empty=NONE_FOUND, describe=_describe)

    @describe(body=NewRunSerializer, data={"run": RunSerializer()}, errors=(403, 422, 429, 507))
    def post(self, request: Request, workspace_id: int) -> Response:
        """Run the `reana.yaml` of a workspace on a copy of its inputs."""
        workspace, body = find_workspace(user=caller(request), workspace_id=workspace_id), body_of(request)
        path = text_in(body, "path")
        run = run_workspace(
            workspace=workspace,
            name=text_in(body, "name") or "",
            path=file_path(path) if path else "",
            start=Start(
                parameters=object_in(body, "parameters", label="Parameters"),
                options=object_in(body, "options", label="Options"),
            ),
            resource_options=object_in(body, "resource_options", label="Resource options"),
            now=timezone.now(),
        )
        return success("Run queued.", data={"run": describe_run(run)})


class RunOutputs(APIView):
    """Copies the outputs of a run to the workspace that it was started from."""

    scope = Scope.WORKSPACES

    @describe(
        body=RunOutputsSerializer,
        data={"paths": serializers.ListField(child=serializers.CharField())},
        errors=(403, 409, 507),
    )
    def post(self, request: Request, workspace_id: int, run_id: str) -> Response:
        """Copy the outputs of a run into a new folder, with a file that names their origin."""
        workspace, body = find_workspace(user=caller(request), workspace_id=workspace_id), body_of(request)
        identity = as_uuid(run_id)
        # Only among the runs of this workspace: an ID must not give access to the outputs of other users.
        run = runs_from(workspace).select_related("owner").filter(pk=identity).first() if identity else None
        if run is None:
            raise NotFound(f"Run {run_id[:100]} not found for workspace.")
        folder = file_path(text_in(body, "folder") or run.full_name)
        paths = copy_outputs(run=run, workspace=workspace, folder=folder, now=timezone.now())
        return success("Copied.", data={"paths": [f"{folder}/{path}" for path in paths]})
