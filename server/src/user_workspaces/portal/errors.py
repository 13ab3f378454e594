"""What people see when something is not there, is refused, or went wrong."""

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
from user_workspaces.portal.redirects import where_they_were

logger = logging.getLogger(__name__)


def response_for(request: HttpRequest, error: UserWorkspacesError, *, part: bool) -> HttpResponse:
    """Turn what was raised on purpose into a page, or into a message on the page that asked.

    The one place of the portal where errors become answers.
    """
    if isinstance(error, NotFound) and not part:
        return not_found(request)
    if part:
        shown = render(request, "portal/fragment_error.html", {"message": error.message}, status=422)
        return reswap(retarget(shown, "#messages"), "innerHTML")
    if isinstance(error, TooManyAttempts):
        return too_many(request, error)
    if request.method != "POST":
        status = 403 if isinstance(error, AccessDenied | NotAllowed) else 400
        return render(request, "portal/error.html", {"message": error.message}, status=status)
    messages.error(request, error.message)
    return HttpResponseRedirect(where_they_were(request))


def forbidden(request: HttpRequest, message: str) -> HttpResponse:
    """Say why a user may not do this."""
    return render(request, "portal/error.html", {"message": message}, status=403)


def too_many(request: HttpRequest, error: TooManyAttempts) -> HttpResponse:
    """Say when to come back."""
    shown = render(request, "portal/error.html", {"message": error.message}, status=429)
    shown["Retry-After"] = str(error.retry_after)
    return shown


def not_found(request: HttpRequest) -> HttpResponse:
    """Say that there is nothing here (for this person: what is somebody else's looks the same)."""
    return render(request, "portal/not_found.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Say that something went wrong, with a mark to quote; needs neither database nor session to do so."""
    known = translated(sys.exc_info()[1] or RuntimeError("there is no error"))
    if isinstance(known, DiskFull | TemporarilyUnavailable):
        return _cannot_now(known)
    mark = current_request_id()
    route = request.resolver_match.route if request.resolver_match else "no known path"  # a path may be a secret
    logger.error("error %s at %s", mark, route, exc_info=sys.exc_info())
    return HttpResponse(render_to_string("portal/server_error.html", {"mark": mark}), status=500)


def _cannot_now(error: DiskFull | TemporarilyUnavailable) -> HttpResponse:
    """Say that the server itself is in trouble."""
    is_full = isinstance(error, DiskFull)
    title = "The server has no space left" if is_full else "The server is not available now"
    notice = {"title": title, "message": error.message, "link": "/", "link_text": "To your workspaces"}
    shown = HttpResponse(render_to_string("portal/status_page.html", notice), status=507 if is_full else 503)
    if isinstance(error, TemporarilyUnavailable):
        shown["Retry-After"] = str(error.retry_after)
    return shown


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was too old, or not ours."""
    logger.info("a form was refused: %s", reason)
    message = "This page was open for too long, or cookies are switched off. Go back, load it again and try once more."
    return forbidden(request, message)
