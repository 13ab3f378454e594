"""`/workspaces/{id}/tus/`: resumable uploads by the tus protocol."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.views import APIView

from user_workspaces.accounts.scopes import Scope
from user_workspaces.api.openapi import describe, header
from user_workspaces.api.request_user import caller
from user_workspaces.transfers import tus
from user_workspaces.transfers.views import transfer
from user_workspaces.workspaces.queries import find_workspace

RESUMABLE = header("Tus-Resumable", "`1.0.0`", required=True)


class TusView(APIView):
    """A view whose responses, including errors, have the headers of the protocol."""

    scope = Scope.WORKSPACES

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:  # noqa: ANN401  the signature of the framework
        """Apply `X-HTTP-Method-Override`."""
        # Before the framework selects the handler by the method.
        request.method = tus.method_of(request)
        return super().dispatch(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  the same
        """Add the headers of the protocol."""
        return tus.finished(super().finalize_response(request, response, *args, **kwargs))

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  the same
        """Return the supported version and extensions."""
        return tus.capabilities()


@transfer
class TusUploads(TusView):
    """Creates uploads."""

    @describe(
        query=(
            RESUMABLE,
            header("Upload-Length", "In bytes.", required=True),
            header("Upload-Metadata", "With `filename`, in Base64.", required=True),
        ),
        same_body=(201,),
        further={200: None},
        errors=(403, 409, 412, 413, 507),
    )
    def post(self, request: Request, workspace_id: int) -> HttpResponse:
        """Create an upload."""
        return tus.create(_parse_request(request, workspace_id), location_of=_location_of(request))


@transfer
class TusUpload(TusView):
    """An upload in progress."""

    def head(self, request: Request, workspace_id: int, upload_id: str) -> HttpResponse:
        """Return the offset of an upload."""
        return tus.head(_parse_request(request, workspace_id), upload_id)

    @describe(
        body={tus.PATCH_TYPE: {"type": "string", "format": "binary"}},
        query=(RESUMABLE, header("Upload-Offset", "Offset of the first byte of the body.", required=True)),
        further={204: OpenApiResponse(description="The bytes were stored.")},
        errors=(403, 409, 412, 415, 423, 429, 507),
        succeeds=False,
    )
    def patch(self, request: Request, workspace_id: int, upload_id: str) -> HttpResponse:
        """Append bytes to an upload."""
        return tus.patch(_parse_request(request, workspace_id), upload_id)

    @describe(
        query=(RESUMABLE,),
        further={204: OpenApiResponse(description="The upload was deleted.")},
        errors=(412, 423),
        succeeds=False,
    )
    def delete(self, request: Request, workspace_id: int, upload_id: str) -> HttpResponse:
        """Delete an upload."""
        return tus.delete(_parse_request(request, workspace_id), upload_id)


def _parse_request(request: Request, workspace_id: int) -> tus.UploadRequest:
    user = caller(request)
    workspace = find_workspace(user=user, workspace_id=workspace_id)
    return tus.UploadRequest(request=request._request, workspace=workspace, user_id=user.pk, now=timezone.now())


def _location_of(request: Request) -> Callable[[str], str]:
    return lambda upload_id: f"{request.path.rstrip('/')}/{upload_id}/"
