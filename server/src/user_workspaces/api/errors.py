"""Maps errors to HTTP responses: every response is JSON, with a message that tells users what to do."""

import logging
import sys

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from rest_framework import exceptions, status
from rest_framework.response import Response

from user_workspaces import errors
from user_workspaces.api.authentication import CHALLENGE
from user_workspaces.api.renderers import OrjsonRenderer
from user_workspaces.api.responses import failure
from user_workspaces.db.errors import translated
from user_workspaces.observability.correlation import current_request_id

logger = logging.getLogger(__name__)
INVALID = "The request is invalid."
INCOMPLETE = "The request body is incomplete."
INTERNAL = "Internal server error. Mention request {request_id} when contacting the administrators."

RETRY_AFTER_TRANSFERS = 5
"""Seconds after which one of too many simultaneous transfers may have ended."""

# The first match wins: subclasses are listed before their base classes.
STATUS_OF: tuple[tuple[type[Exception], int], ...] = (
    (errors.InvalidOptions, status.HTTP_422_UNPROCESSABLE_ENTITY),
    (errors.PreconditionFailed, status.HTTP_412_PRECONDITION_FAILED),
    (errors.TooLarge, status.HTTP_413_REQUEST_ENTITY_TOO_LARGE),
    (errors.WrongType, status.HTTP_415_UNSUPPORTED_MEDIA_TYPE),
    (errors.InvalidRequest, status.HTTP_400_BAD_REQUEST),
    (errors.AuthenticationRejected, status.HTTP_401_UNAUTHORIZED),
    (errors.QuotaExceeded, status.HTTP_403_FORBIDDEN),
    (errors.NotAllowed, status.HTTP_403_FORBIDDEN),
    (errors.TooManyAttempts, status.HTTP_429_TOO_MANY_REQUESTS),
    (errors.NotFound, status.HTTP_404_NOT_FOUND),
    (errors.Conflict, status.HTTP_409_CONFLICT),
    (errors.InUse, status.HTTP_423_LOCKED),
    (errors.UnsafePath, status.HTTP_400_BAD_REQUEST),
    (errors.PathNotFound, status.HTTP_400_BAD_REQUEST),
    (errors.AccessDenied, status.HTTP_403_FORBIDDEN),
    (errors.StorageError, status.HTTP_507_INSUFFICIENT_STORAGE),
    (errors.TooManyAtOnce, status.HTTP_429_TOO_MANY_REQUESTS),
    (errors.TemporarilyUnavailable, status.HTTP_503_SERVICE_UNAVAILABLE),
    (errors.SubmissionRejected, status.HTTP_400_BAD_REQUEST),
    (errors.ResourceUnavailable, status.HTTP_503_SERVICE_UNAVAILABLE),
)


def response_for(raised: BaseException, context: dict[str, object]) -> Response:
    """Return the response for any exception of a view."""
    # Database errors become the server's own first: a full disk is a 507, not a 500.
    error = translated(raised)
    if isinstance(error, errors.UserWorkspacesError):
        code = next((code for kind, code in STATUS_OF if isinstance(error, kind)), 500)
        response = failure(error.message, code)
        if isinstance(error, errors.TooManyAttempts | errors.TemporarilyUnavailable):
            response["Retry-After"] = str(error.retry_after)
        elif isinstance(error, errors.TooManyAtOnce):
            response["Retry-After"] = str(RETRY_AFTER_TRANSFERS)
        if code == status.HTTP_401_UNAUTHORIZED:
            response["WWW-Authenticate"] = CHALLENGE
        return response
    if isinstance(error, Http404):
        return failure("Not found.", status.HTTP_404_NOT_FOUND)
    if isinstance(error, exceptions.APIException):
        return _framework(error)
    if isinstance(error, RequestDataTooBig | TooManyFilesSent):
        return failure("The request is too large.", status.HTTP_413_REQUEST_ENTITY_TOO_LARGE)
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        message = INCOMPLETE if isinstance(error, UnreadablePostError) else INVALID
        return failure(message, status.HTTP_400_BAD_REQUEST)
    # Clients get the ID only: the text of an unexpected error may contain paths or secrets.
    request_id = current_request_id()
    logger.error("error %s", request_id, exc_info=error)
    return failure(INTERNAL.format(request_id=request_id), 500)


def _framework(error: exceptions.APIException) -> Response:
    texts = {
        exceptions.MethodNotAllowed: "This method is not allowed.",
        exceptions.NotAuthenticated: "Authentication credentials were not provided.",
    }
    message = texts.get(type(error)) or str(error.detail)
    response = failure(message, error.status_code)
    # The framework's handler would copy this header into the response, but this one replaces it.
    header = getattr(error, "auth_header", None)
    if header:
        response["WWW-Authenticate"] = header
    return response


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Return the response for an unknown path."""
    # The framework's `Response` can be rendered only by its views, so these handlers make the body themselves.
    body = OrjsonRenderer().render({"success": False, "message": "Not found."})
    return HttpResponse(body, content_type="application/json", status=status.HTTP_404_NOT_FOUND)


def not_allowed(request: HttpRequest) -> HttpResponse:
    """Return the response for an unsupported method, outside of the framework's views."""
    body = OrjsonRenderer().render({"success": False, "message": "This method is not allowed."})
    return HttpResponse(body, content_type="application/json", status=status.HTTP_405_METHOD_NOT_ALLOWED)


def bad_request(request: HttpRequest, message: str = "") -> HttpResponse:
    """Return the response for a request that Django rejects before any view, such as one with a wrong host name."""
    body = OrjsonRenderer().render({"success": False, "message": message or INVALID})
    return HttpResponse(body, content_type="application/json", status=status.HTTP_400_BAD_REQUEST)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the response for an exception outside of a view."""
    response = response_for(sys.exc_info()[1] or RuntimeError("there is no error"), {})
    body = OrjsonRenderer().render(response.data)
    rendered = HttpResponse(body, content_type="application/json", status=response.status_code)
    if "Retry-After" in response:
        rendered["Retry-After"] = response["Retry-After"]
    return rendered
