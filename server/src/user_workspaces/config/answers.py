"""What answers where no view does: a page for browsers on the portal's paths, JSON for everybody else."""

from django.http import HttpRequest, HttpResponse

from user_workspaces.api import errors as api
from user_workspaces.portal import errors as portal


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a path that leads nowhere."""
    return portal.not_found(request) if _is_page(request) else api.not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what went wrong outside of the views."""
    return portal.server_error(request) if _is_page(request) else api.server_error(request)


def _is_page(request: HttpRequest) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")
