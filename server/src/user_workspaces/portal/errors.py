"""Error responses of the portal: not found, forbidden, invalid, and internal errors."""

import logging
import sys

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django_htmx.http import reswap, retarget

from user_workspaces.db.errors import translated
from user_workspaces.errors import (
    AccessDenied,
    DiskFull,
    NotAllowed,
    NotFound,
    TemporarilyUnavailable,
    TooManyAttempts,
    UserWorkspacesError,
)
from user_workspaces.observability.correlation import current_request_id
from user_workspaces.portal.redirects import referring_path

logger = logging.getLogger(__name__)


def response_for(request: HttpRequest, error: UserWorkspacesError, *, fragment: bool) -> HttpResponse:
    """Return an error page, or a message on the page that sent the request.

    The portal converts a `UserWorkspacesError` into a response only here.
    """
    if isinstance(error, NotFound) and not fragment:
        return not_found(request)
    if fragment:
        # htmx swaps responses with 422, see `responseHandling` in base.html.
        shown = render(request, "portal/fragment_error.html", {"message": error.message}, status=422)
        return reswap(retarget(shown, "#messages"), "innerHTML")
    # Before the redirect below, which would lose the status and `Retry-After`.
    if isinstance(error, TooManyAttempts):
        return too_many(request, error)
    if request.method != "POST":
        status = 403 if isinstance(error, AccessDenied | NotAllowed) else 400
        return render(request, "portal/error.html", {"message": error.message}, status=status)
    # Redirect after POST, so that reloading the page does not send the form again.
    messages.error(request, error.message)
    return HttpResponseRedirect(referring_path(request))


def forbidden(request: HttpRequest, message: str) -> HttpResponse:
    """Return status 403 with the reason."""
    return render(request, "portal/error.html", {"message": message}, status=403)


def too_many(request: HttpRequest, error: TooManyAttempts) -> HttpResponse:
    """Return status 429 with `Retry-After`."""
    shown = render(request, "portal/error.html", {"message": error.message}, status=429)
    shown["Retry-After"] = str(error.retry_after)
    return shown


def not_found(request: HttpRequest) -> HttpResponse:
    """Return status 404, also for objects of other users: their existence is not revealed."""
    return render(request, "portal/not_found.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return status 500 with the request ID; uses neither database nor session, which may be the cause."""
    expected = translated(sys.exc_info()[1] or RuntimeError("there is no error"))
    if isinstance(expected, DiskFull | TemporarilyUnavailable):
        return _unavailable(expected)
    request_id = current_request_id()
    route = (
        request.resolver_match.route if request.resolver_match else "an unknown path"
    )  # the route, because a path may contain a secret
    logger.error("error %s at %s", request_id, route, exc_info=sys.exc_info())
    return HttpResponse(render_to_string("portal/server_error.html", {"request_id": request_id}), status=500)


def _unavailable(error: DiskFull | TemporarilyUnavailable) -> HttpResponse:
    """Return status 507 or 503 for a full disk or an unavailable database."""
    is_full = isinstance(error, DiskFull)
    title = "The server is out of disk space" if is_full else "The server is temporarily unavailable"
    context = {"title": title, "message": error.message, "link": "/", "link_text": "Go to your workspaces"}
    shown = HttpResponse(render_to_string("portal/status_page.html", context), status=507 if is_full else 503)
    if isinstance(error, TemporarilyUnavailable):
        shown["Retry-After"] = str(error.retry_after)
    return shown


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Return status 403 for a missing or invalid CSRF token."""
    logger.info("CSRF check failed: %s", reason)
    message = "The page has expired, or cookies are disabled. Go back, reload the page and try again."
    return forbidden(request, message)
