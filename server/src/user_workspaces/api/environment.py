"""`/workspaces/{id}/environment/`: the packages that jobs in a workspace find, and their preparation."""

from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces.accounts.scopes import Scope
from user_workspaces.api import objects
from user_workspaces.api.environment_serializers import NewPreparationSerializer
from user_workspaces.api.objects import NO_PREPARATION, EnvironmentSerializer, PreparationSerializer
from user_workspaces.api.openapi import describe
from user_workspaces.api.permissions import require
from user_workspaces.api.request_user import caller
from user_workspaces.api.responses import SUCCESSFUL, required_body_of, success, text_in
from user_workspaces.environments.actions import prepare
from user_workspaces.environments.overview import Preparation, lock_text, packages_of, preparation_of, python_of
from user_workspaces.environments.packages import Package, extent_of
from user_workspaces.environments.reset import reset
from user_workspaces.environments.specifications import BUILT_BY_JOBS, LOCK_FILE
from user_workspaces.transfers.filenames import attachment
from user_workspaces.transfers.slots import TransferSlot
from user_workspaces.transfers.views import transfer
from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import find_workspace

PLAIN_TEXT = "text/plain"


def _workspace(request: Request, workspace_id: int) -> Workspace:
    return find_workspace(user=caller(request), workspace_id=workspace_id)


def describe_preparation(found: Preparation) -> objects.Preparation:
    """Return a preparation for a response."""
    row = found.row
    return {
        "status": row.status if row else NO_PREPARATION,
        "file": row.file if row else None,
        "message": row.message if row else "",
        "file_has_changed": found.is_changed,
        "is_outdated": found.is_outdated,
        "requirements": len(row.requirements) if row else 0,
        "log": found.log,
        "job_id": row.job_id if row else None,
        "datetime_requested": row.datetime_requested if row else None,
        "datetime_ended": row.datetime_ended if row else None,
    }


def describe_package(package: Package) -> objects.Package:
    """Return a package for a response."""
    return {"name": package.name, "version": package.version, "origin": package.origin, "size": package.size}


@transfer
class WorkspaceEnvironment(APIView):
    """The environment of a workspace."""

    scope = Scope.WORKSPACES

    @describe(data={"environment": EnvironmentSerializer()}, errors=(403, 429))
    def get(self, request: Request, workspace_id: int) -> Response:
        """Return the base, all packages, the specification files and the state of the preparation."""
        workspace = _workspace(request, workspace_id)
        # Reading all packages occupies a thread for long: the slot limits how many one user takes.
        with TransferSlot(workspace.owner_id):
            python, found = python_of(workspace), preparation_of(workspace)
            shown: objects.Environment = {
                "base": {"name": python.name, "python": python.version, "modules": list(python.modules)},
                "packages": [describe_package(package) for package in packages_of(workspace, with_sizes=True)],
                "specification_files": list(found.files),
                "preparation": describe_preparation(found),
                "overlay_size": extent_of(workspace).size,
            }
        return success(SUCCESSFUL, data={"environment": shown})


@transfer
class EnvironmentPrepare(APIView):
    """Prepares an environment."""

    scope = Scope.WORKSPACES

    @describe(body=NewPreparationSerializer, data={"preparation": PreparationSerializer()}, errors=(403, 429, 507))
    def post(self, request: Request, workspace_id: int) -> Response:
        """Prepare an environment from a file, in the background; later launches use it.

        A job of the caller builds environments that need conda or R, which needs the scope `sessions`. The message of
        an error has a line for each requirement that cannot be prepared. An environment that the server has already
        prepared from the same requirements is ready at once.
        """
        workspace, body = _workspace(request, workspace_id), required_body_of(request)
        with TransferSlot(workspace.owner_id):
            if text_in(body, "file") in BUILT_BY_JOBS:
                require(request, Scope.SESSIONS)
            row = prepare(workspace=workspace, file=text_in(body, "file") or "", now=timezone.now())
            found = preparation_of(workspace)
        return success(row.message, data={"preparation": describe_preparation(found)})


@transfer
class EnvironmentReset(APIView):
    """Resets a workspace to the server's own environment."""

    scope = Scope.WORKSPACES

    @describe(errors=(403, 409, 429, 507))
    def post(self, request: Request, workspace_id: int) -> Response:
        """Remove the packages that the user installed and the prepared environment; running jobs keep theirs."""
        workspace = _workspace(request, workspace_id)
        with TransferSlot(workspace.owner_id):
            reset(workspace=workspace, now=timezone.now())
        return success("The next launch uses the site's own environment.")


@transfer
class EnvironmentLock(APIView):
    """The lock file of a workspace's environment."""

    scope = Scope.WORKSPACES

    @describe(
        succeeds=False,
        errors=(403, 429),
        further={(200, PLAIN_TEXT): OpenApiResponse(OpenApiTypes.STR, description="`name==version` lines.")},
    )
    def get(self, request: Request, workspace_id: int) -> HttpResponse:
        """Return `environment.lock`: all packages that jobs find; another workspace can be prepared from it."""
        workspace = _workspace(request, workspace_id)
        with TransferSlot(workspace.owner_id):
            text = lock_text(workspace, packages_of(workspace))
        sent = HttpResponse(text, content_type=f"{PLAIN_TEXT}; charset=utf-8")
        sent["Content-Disposition"] = attachment(LOCK_FILE)
        return sent
