"""`/workspaces/`: the caller's workspaces, form uploads and launches."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.scopes import Scope
from user_workspaces.api import objects
from user_workspaces.api.job_serializers import LaunchSerializer
from user_workspaces.api.jobs import describe_job
from user_workspaces.api.objects import WORKSPACE_STATUSES, JobSerializer, WorkspaceSerializer
from user_workspaces.api.openapi import LIMIT, OFFSET, describe, page_of, text
from user_workspaces.api.permissions import require
from user_workspaces.api.request_user import caller
from user_workspaces.api.responses import (
    SUCCESSFUL,
    body_of,
    filters_in,
    object_in,
    raw_page,
    required_body_of,
    success,
    text_in,
)
from user_workspaces.api.serializers import NewWorkspaceSerializer, WorkspaceUpdateSerializer
from user_workspaces.api.uploads import MultipartParser, declared_size, uploaded_files
from user_workspaces.db.raw_lists import Condition, RawRow, iso, json
from user_workspaces.errors import InvalidRequest
from user_workspaces.jobs.actions import LaunchRequest, delete_workspace, start_job
from user_workspaces.quotas import disk
from user_workspaces.quotas.values import on_disk
from user_workspaces.sharing.actions import deletion_of
from user_workspaces.transfers.slots import TransferSlot
from user_workspaces.transfers.views import transfer
from user_workspaces.workspaces.actions import create_workspace, update_workspace, upload_file
from user_workspaces.workspaces.details import parse_details
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import COLUMNS, LISTED, find_workspace, workspaces_of

FILES = {
    "multipart/form-data": {"type": "object", "additionalProperties": {"type": "string", "format": "binary"}},
}
NONE_FOUND = "Workspace matching given parameters could not be found."


def describe_workspaces(rows: list[RawRow]) -> list[objects.Workspace]:
    """Return workspaces as `_describe_workspace` does, from the raw `COLUMNS`, without parsing them."""
    return [
        {
            "id": number,
            "name": name,
            "description": description,
            "disk_space": disk_space,
            "datetime_created": iso(created) or "",
            "datetime_last_modified": iso(modified) or "",
            "datetime_last_job_launch": iso(launched),
            "workspace_details": {
                "request_workspace_details": json(requested),
                "current_workspace_details": json(current),
            },
            "status": status,
            "default_job_type": default_job_type or None,
        }
        for (
            number, name, description, disk_space, created, modified, launched, requested, current, status,
            default_job_type,
        ) in rows
    ]  # fmt: skip


def _page(rows: QuerySet[Workspace] | Condition, request: Request) -> HttpResponse:
    return raw_page(rows, request, key="workspaces", empty=NONE_FOUND, columns=COLUMNS, describe=describe_workspaces)


def _describe_workspace(workspace: Workspace) -> objects.Workspace:
    return {
        "id": workspace.pk,
        "name": workspace.name,
        "description": workspace.description,
        "disk_space": workspace.disk_space,
        "datetime_created": workspace.datetime_created,
        "datetime_last_modified": workspace.datetime_last_modified,
        "datetime_last_job_launch": workspace.datetime_last_job_launch,
        "status": workspace.status,
        "default_job_type": workspace.default_job_type or None,
        "workspace_details": {
            "request_workspace_details": workspace.requested,
            "current_workspace_details": workspace.current,
        },
    }


class Workspaces(APIView):
    """The list of workspaces, and new ones."""

    scope = Scope.WORKSPACES

    @describe(
        data=page_of("workspaces", WorkspaceSerializer),
        query=(text("name"), text("description"), text("status", choices=WORKSPACE_STATUSES), LIMIT, OFFSET),
    )
    def get(self, request: Request) -> HttpResponse:
        """List the caller's workspaces; `name`, `description` and `status` match exactly."""
        user = caller(request)
        wanted = filters_in(request, texts=("name", "description", "status"), numbers=())
        return _page(workspaces_of(user).filter(**wanted) if wanted else LISTED.of(user.pk), request)

    @describe(
        body=NewWorkspaceSerializer,
        data={**WorkspaceSerializer().fields, "workspace": WorkspaceSerializer()},
        errors=(403, 507),
    )
    def post(self, request: Request) -> Response:
        """Create a workspace with its files and links; on an error nothing is created."""
        body, user = body_of(request), caller(request)
        name, description = text_in(body, "name"), text_in(body, "description")
        if not name or not name.strip() or description is None:
            raise InvalidRequest("Missing required fields.")
        workspace = create_workspace(
            owner=user,
            name=name,
            description=description,
            default_job_type=text_in(body, "default_job_type") or "",
            details=parse_details(body.get("workspace_details")),
            now=timezone.now(),
        )
        fields = _describe_workspace(workspace)
        return success(SUCCESSFUL, data={**fields, "workspace": fields})


class WorkspaceDetail(APIView):
    """One workspace."""

    scope = Scope.WORKSPACES

    @describe(data=page_of("workspaces", WorkspaceSerializer))
    def get(self, request: Request, workspace_id: int) -> HttpResponse:
        """Return a workspace as a list with one element, or none if it is not found."""
        rows = workspaces_of(caller(request)).filter(pk=workspace_id)
        return _page(rows, request)

    @describe(body=WorkspaceUpdateSerializer, errors=(403, 507))
    def put(self, request: Request, workspace_id: int) -> Response:
        """Update a workspace: its name, description and default job type, and add or replace files and links."""
        workspace, body = find_workspace(user=caller(request), workspace_id=workspace_id), required_body_of(request)
        details = parse_details(body["workspace_details"]) if "workspace_details" in body else None
        name = text_in(body, "name")
        update_workspace(
            workspace=workspace,
            now=timezone.now(),
            name=name if name and name.strip() else None,
            description=text_in(body, "description"),
            default_job_type=text_in(body, "default_job_type"),
            details=details,
        )
        return success("Update successful.")

    @describe(query=(text("force", "`true`: stop the workspace's jobs first.", choices=["true", "false"]),))
    def delete(self, request: Request, workspace_id: int) -> Response:
        """Queue a workspace for deletion; `?force=true` stops its jobs first."""
        force = request.query_params.get("force", "").lower() in {"true", "1"}
        user = caller(request)
        if force:
            # Deleting with `force` stops jobs: a token for files alone must not end sessions.
            require(request, Scope.SESSIONS)
        # In one transaction, so that no offer is made between the check and the deletion.
        with deletion_of(owner=user, workspace_id=workspace_id):
            delete_workspace(owner=user, workspace_id=workspace_id, force=force, now=timezone.now())
        return success(f"Workspace {workspace_id} queued for deletion.")


@transfer
class WorkspaceUpload(APIView):
    """Form uploads to a workspace."""

    scope = Scope.WORKSPACES
    parser_classes = (MultipartParser,)

    @describe(body=FILES, errors=(403, 429, 507))
    def put(self, request: Request, workspace_id: int) -> Response:
        """Write the uploaded files, each completely or not at all; none is written if they exceed the quota."""
        user = caller(request)
        workspace = find_workspace(user=user, workspace_id=workspace_id)
        with TransferSlot(user.pk):
            return _saved(request, workspace)


def _saved(request: Request, workspace: Workspace) -> Response:
    # Before the body is read: a form that cannot fit is rejected without storing it first.
    disk.check(owner_id=workspace.owner_id, size=declared_size(request), now=timezone.now())
    # This reads the body into temporary files.
    files = uploaded_files(request)
    size = sum(on_disk(file.content.size or 0, file.path) for file in files)
    # All files together: separate checks would write some files of a form that does not fit.
    disk.check(owner_id=workspace.owner_id, size=size, now=timezone.now())
    for file in files:
        chunks: Iterable[bytes] = file.content.chunks()
        upload_file(workspace=workspace, path=file.path, chunks=chunks, size=file.content.size, now=timezone.now())
    return success("Successful upload.")


class WorkspaceStart(APIView):
    """Launches a job."""

    scope = Scope.SESSIONS

    @describe(body=LaunchSerializer, data={"job": JobSerializer()}, errors=(422,))
    def put(self, request: Request, workspace_id: int) -> Response:
        """Launch a job in a workspace."""
        user, body = caller(request), required_body_of(request)
        find_workspace(user=user, workspace_id=workspace_id)
        launch = LaunchRequest(
            owner=user,
            workspace_id=workspace_id,
            job_type=text_in(body, "job_type") or "",
            job_details=object_in(body, "job_details", label="Job details"),
            options=object_in(body, "resource_options", label="Resource options"),
            resource=text_in(body, "resource") or "",
        )
        job = start_job(launch, now=timezone.now())
        return success("Successful start.", data={"job": describe_job(job, user=user, now=timezone.now())})


class WorkspaceAction(APIView):
    """Rejects unknown actions."""

    scope = Scope.WORKSPACES

    @describe(succeeds=False)
    def put(self, request: Request, workspace_id: int, verb: str) -> Response:
        """Reject an unknown action."""
        raise InvalidRequest("Invalid PUT type passed.")
