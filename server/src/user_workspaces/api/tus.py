"""`/workspaces/{id}/tus/`: resumable uploads, for clients of the API."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.views import APIView

from user_workspaces.accounts.scopes import Scope
from user_workspaces.api.caller import caller
from user_workspaces.transfers import tus
from user_workspaces.workspaces.queries import find_workspace


class TusView(APIView):
    """Speaks the protocol's headers in every answer, also in refusals."""

    scope = Scope.WORKSPACES

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401  as the framework hands them over
        """Let a POST name the method that it stands for."""
        request.method = tus.method_of(request)
        return super().dispatch(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  the same
        """Add the headers."""
        return tus.finished(super().finalize_response(request, response, *args, **kwargs))

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  the same
        """Say what is understood here."""
        return tus.capabilities()


class TusUploads(TusView):
    """New uploads."""

    def post(self, request: Request, workspace_id: int) -> HttpResponse:
        """Begin one."""
        return tus.create(_asked(request, workspace_id), location_of=_location_of(request))


class TusUpload(TusView):
    """One upload."""

    def head(self, request: Request, workspace_id: int, upload_id: str) -> HttpResponse:
        """Say how far it is."""
        return tus.head(_asked(request, workspace_id), upload_id)

    def patch(self, request: Request, workspace_id: int, upload_id: str) -> HttpResponse:
        """Take the next bytes."""
        return tus.patch(_asked(request, workspace_id), upload_id)

    def delete(self, request: Request, workspace_id: int, upload_id: str) -> HttpResponse:
        """Forget it."""
        return tus.delete(_asked(request, workspace_id), upload_id)


def _asked(request: Request, workspace_id: int) -> tus.Asked:
    user = caller(request)
    workspace = find_workspace(user=user, workspace_id=workspace_id)
    return tus.Asked(request=request._request, workspace=workspace, user_id=user.pk, now=timezone.now())


def _location_of(request: Request) -> Callable[[str], str]:
    return lambda upload_id: f"{request.path.rstrip('/')}/{upload_id}/"
