"""`/workspaces/`: a person's workspaces, their files, and what is launched in them."""

from collections.abc import Iterable

from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.scopes import Scope
from user_workspaces.api.job_serializers import JobSerializer, LaunchSerializer
from user_workspaces.api.jobs import describe_job
from user_workspaces.api.openapi import LIMIT, OFFSET, describe, page_of, text
from user_workspaces.api.permissions import require
from user_workspaces.api.request_user import caller
from user_workspaces.api.responses import (
    SUCCESSFUL,
    body_of,
    filters_in,
    object_in,
    order_of,
    raw_page,
    success,
    text_in,
)
from user_workspaces.api.serializers import (
    WORKSPACE_STATUSES,
    ChangesSerializer,
    NewWorkspaceSerializer,
    WorkspaceSerializer,
)
from user_workspaces.api.uploads import MultipartParser, announced_size, uploaded_files
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


def describe_workspaces(rows: list[RawRow]) -> list[dict[str, object]]:
    """Return workspaces as clients know them, straight from `COLUMNS`."""
    return [
        {
            "id": number,
            "name": name,
            "description": description,
            "disk_space": disk_space,
            "datetime_created": iso(created),
            "datetime_last_modified": iso(modified),
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
    return raw_page(rows, request, key="workspaces", empty=NONE_FOUND, columns=COLUMNS, shape=describe_workspaces)


def _describe_one(workspace: Workspace) -> dict[str, object]:
    row = {name: getattr(workspace, name) for name in COLUMNS} | {
        "default_job_type": workspace.default_job_type or None
    }
    row["workspace_details"] = {
        "request_workspace_details": row.pop("requested"),
        "current_workspace_details": row.pop("current"),
    }
    return row


class Workspaces(APIView):
    """The list, and a new one."""

    scope = Scope.WORKSPACES

    @describe(
        data=page_of("workspaces", WorkspaceSerializer),
        query=(text("name"), text("description"), text("status", choices=WORKSPACE_STATUSES), LIMIT, OFFSET),
    )
    def get(self, request: Request) -> HttpResponse:
        """List the caller's own; `name`, `description` and `status` filter exactly."""
        user = caller(request)
        wanted = filters_in(request, texts=("name", "description", "status"), numbers=())
        return _page(workspaces_of(user).filter(**wanted) if wanted else LISTED.of(user.pk), request)

    @describe(
        body=NewWorkspaceSerializer,
        data={**WorkspaceSerializer().fields, "workspace": WorkspaceSerializer()},
        refusals=(403, 507),
    )
    def post(self, request: Request) -> Response:
        """Create one, with its files and links, or nothing."""
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
        fields = _describe_one(workspace)
        return success(SUCCESSFUL, data={**fields, "workspace": fields})


class OneWorkspace(APIView):
    """One workspace."""

    scope = Scope.WORKSPACES

    @describe(data=page_of("workspaces", WorkspaceSerializer))
    def get(self, request: Request, workspace_id: int) -> HttpResponse:
        """Return it as a list of one or none."""
        rows = workspaces_of(caller(request)).filter(pk=workspace_id)
        return _page(rows, request)

    @describe(body=ChangesSerializer, refusals=(403, 507))
    def put(self, request: Request, workspace_id: int) -> Response:
        """Change its description, add or replace files and links."""
        workspace, body = find_workspace(user=caller(request), workspace_id=workspace_id), order_of(request)
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

    @describe(query=(text("force", "`true`: stop its jobs first.", choices=["true", "false"]),))
    def delete(self, request: Request, workspace_id: int) -> Response:
        """Queue it for deletion; `?force=true` stops its jobs first."""
        force = request.query_params.get("force", "").lower() in {"true", "1"}
        user = caller(request)
        if force:
            require(request, Scope.SESSIONS)
        with deletion_of(owner=user, workspace_id=workspace_id):
            delete_workspace(owner=user, workspace_id=workspace_id, force=force, now=timezone.now())
        return success(f"Workspace {workspace_id} queued for deletion.")


@transfer
class WorkspaceUpload(APIView):
    """Files into a workspace."""

    scope = Scope.WORKSPACES
    parser_classes = (MultipartParser,)

    @describe(body=FILES, refusals=(403, 429, 507))
    def put(self, request: Request, workspace_id: int) -> Response:
        """Write each uploaded file, whole or not at all; none of them where they do not fit together."""
        user = caller(request)
        workspace = find_workspace(user=user, workspace_id=workspace_id)
        with TransferSlot(user.pk):
            return _saved(request, workspace)


def _saved(request: Request, workspace: Workspace) -> Response:
    disk.check(owner_id=workspace.owner_id, size=announced_size(request), now=timezone.now())
    files = uploaded_files(request)
    size = sum(on_disk(file.content.size or 0, file.path) for file in files)
    disk.check(owner_id=workspace.owner_id, size=size, now=timezone.now())
    for file in files:
        chunks: Iterable[bytes] = file.content.chunks()
        upload_file(workspace=workspace, path=file.path, chunks=chunks, size=file.content.size, now=timezone.now())
    return success("Successful upload.")


class WorkspaceStart(APIView):
    """Launches."""

    scope = Scope.SESSIONS

    @describe(body=LaunchSerializer, data={"job": JobSerializer()}, refusals=(422,))
    def put(self, request: Request, workspace_id: int) -> Response:
        """Launch a job in it."""
        user, body = caller(request), order_of(request)
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
    """Verbs that there are not."""

    scope = Scope.WORKSPACES

    @describe(succeeds=False)
    def put(self, request: Request, workspace_id: int, verb: str) -> Response:
        """Refuse."""
        raise InvalidRequest("Invalid PUT type passed.")
