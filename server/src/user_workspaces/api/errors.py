"""The one table from errors to HTTP: every answer is JSON, with a message that a person can act on."""

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
UNUSABLE = "The request cannot be used as it is."
BROKE_OFF = "The body broke off."
OURS = "Something went wrong inside the server. Quote {mark} to its operators."

WHEN_ONE_MAY_HAVE_ENDED = 5
"""Seconds after which it is worth trying again where too many transfers went on at once."""

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
    """Return the answer for anything that a view raises."""
    error = translated(raised)
    if isinstance(error, errors.UserWorkspacesError):
        code = next((code for kind, code in STATUS_OF if isinstance(error, kind)), 500)
        said = failure(error.message, code)
        if isinstance(error, errors.TooManyAttempts | errors.TemporarilyUnavailable):
            said["Retry-After"] = str(error.retry_after)
        elif isinstance(error, errors.TooManyAtOnce):
            said["Retry-After"] = str(WHEN_ONE_MAY_HAVE_ENDED)
        if code == status.HTTP_401_UNAUTHORIZED:
            said["WWW-Authenticate"] = CHALLENGE
        return said
    if isinstance(error, Http404):
        return failure("Not found.", status.HTTP_404_NOT_FOUND)
    if isinstance(error, exceptions.APIException):
        return _framework(error)
    if isinstance(error, RequestDataTooBig | TooManyFilesSent):
        return failure("The request is too large.", status.HTTP_413_REQUEST_ENTITY_TOO_LARGE)
    if isinstance(error, SuspiciousOperation | UnreadablePostError):
        return failure(BROKE_OFF if isinstance(error, UnreadablePostError) else UNUSABLE, status.HTTP_400_BAD_REQUEST)
    mark = current_request_id()
    logger.error("error %s", mark, exc_info=error)
    return failure(OURS.format(mark=mark), 500)


def _framework(error: exceptions.APIException) -> Response:
    texts = {
        exceptions.MethodNotAllowed: "This method is not allowed here.",
        exceptions.NotAuthenticated: "Authentication credentials were not provided.",
    }
    message = texts.get(type(error)) or str(error.detail)
    response = failure(message, error.status_code)
    header = getattr(error, "auth_header", None)
    if header:
        response["WWW-Authenticate"] = header
    return response


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a path that leads nowhere."""
    body = OrjsonRenderer().render({"success": False, "message": "Not found."})
    return HttpResponse(body, content_type="application/json", status=status.HTTP_404_NOT_FOUND)


def not_allowed(request: HttpRequest) -> HttpResponse:
    """Answer a method that there is not, outside of the framework's views."""
    body = OrjsonRenderer().render({"success": False, "message": "This method is not allowed here."})
    return HttpResponse(body, content_type="application/json", status=status.HTTP_405_METHOD_NOT_ALLOWED)


def bad_request(request: HttpRequest, message: str = "") -> HttpResponse:
    """Answer what Django refuses before any view: a host name that is not ours, a cookie that cannot be."""
    body = OrjsonRenderer().render({"success": False, "message": message or UNUSABLE})
    return HttpResponse(body, content_type="application/json", status=status.HTTP_400_BAD_REQUEST)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what went wrong outside of a view."""
    response = response_for(sys.exc_info()[1] or RuntimeError("there is no error"), {})
    body = OrjsonRenderer().render(response.data)
    shown = HttpResponse(body, content_type="application/json", status=response.status_code)
    if "Retry-After" in response:
        shown["Retry-After"] = response["Retry-After"]
    return shown
