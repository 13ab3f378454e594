"""Convert errors to REANA's error responses: an object with a `message`."""

import logging

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions, status
from rest_framework.response import Response

from user_workspaces import errors
from user_workspaces.db.errors import translated
from user_workspaces.observability.correlation import current_request_id

logger = logging.getLogger(__name__)

CHALLENGE = 'Bearer realm="user workspaces"'
"""The `WWW-Authenticate` header of every 401 response. The query may contain the token, too."""
# The first match wins: subclasses are listed before their base classes.
STATUS_OF: tuple[tuple[type[Exception], int], ...] = (
    (errors.PreconditionFailed, status.HTTP_412_PRECONDITION_FAILED),
    (errors.TooLarge, status.HTTP_413_REQUEST_ENTITY_TOO_LARGE),
    (errors.InvalidRequest, status.HTTP_400_BAD_REQUEST),
    (errors.AuthenticationRejected, status.HTTP_401_UNAUTHORIZED),
    (errors.NotAllowed, status.HTTP_403_FORBIDDEN),
    (errors.TooManyAttempts, status.HTTP_429_TOO_MANY_REQUESTS),
    (errors.TooManyAtOnce, status.HTTP_429_TOO_MANY_REQUESTS),
    (errors.NotFound, status.HTTP_404_NOT_FOUND),
    (errors.PathNotFound, status.HTTP_404_NOT_FOUND),
    (errors.UnsafePath, status.HTTP_400_BAD_REQUEST),
    (errors.Conflict, status.HTTP_409_CONFLICT),
    (errors.InUse, status.HTTP_409_CONFLICT),
    (errors.AccessDenied, status.HTTP_403_FORBIDDEN),
    (errors.StorageError, status.HTTP_507_INSUFFICIENT_STORAGE),
    (errors.TemporarilyUnavailable, status.HTTP_503_SERVICE_UNAVAILABLE),
    (errors.ResourceUnavailable, status.HTTP_503_SERVICE_UNAVAILABLE),
)


class RateExceeded(exceptions.APIException):
    """The rate limit of requests is exceeded."""

    status_code = status.HTTP_429_TOO_MANY_REQUESTS


def response_for(raised: Exception) -> Response:
    """Return the response for any exception of a view."""
    # Database errors become the server's own first: a full disk is a 507, not a 500.
    error = translated(raised)
    if isinstance(error, errors.UserWorkspacesError):
        code = next((code for kind, code in STATUS_OF if isinstance(error, kind)), 500)
        headers = {"WWW-Authenticate": CHALLENGE} if code == status.HTTP_401_UNAUTHORIZED else {}
        if isinstance(error, errors.TemporarilyUnavailable):
            headers["Retry-After"] = str(error.retry_after)
        return Response({"message": error.message}, status=code, headers=headers)
    if isinstance(error, Http404):
        return routing("Not found.", status.HTTP_404_NOT_FOUND)
    if isinstance(error, exceptions.APIException):
        return routing(str(error.detail), error.status_code) if error.status_code == 405 else _plain(error)  # noqa: PLR2004  method not allowed
    if isinstance(error, RequestDataTooBig):
        return Response({"message": "The request is too large."}, status=status.HTTP_413_REQUEST_ENTITY_TOO_LARGE)
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return Response({"message": "Malformed request."}, status=status.HTTP_400_BAD_REQUEST)
    # Clients get the ID only: the text of an unexpected error may contain paths or secrets.
    request_id = current_request_id()
    logger.error("error %s", request_id, exc_info=error)
    message = f"Internal server error. Report request ID {request_id} to your administrator."
    return Response({"message": message}, status=500)


def routing(message: str, code: int) -> Response:
    """Return the response for an unknown path or method, with a `status` as REANA sends it."""
    return Response({"message": message, "status": code}, status=code)


def _plain(error: exceptions.APIException) -> Response:
    return Response({"message": str(error.detail)}, status=error.status_code)
