"""What answers where no view does: a page for browsers, JSON for programs and on all paths of the API."""

from django.http import HttpRequest, HttpResponse

from user_workspaces.api import errors as api
from user_workspaces.api.urls import ROUTES
from user_workspaces.portal import errors as portal

API_NOUNS = frozenset(route.split("/")[0] for route, _ in ROUTES)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a path that leads nowhere."""
    return portal.not_found(request) if _is_page(request) else api.not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what went wrong outside of the views."""
    return portal.server_error(request) if _is_page(request) else api.server_error(request)


def _is_page(request: HttpRequest) -> bool:
    if request.path.split("/")[1] in API_NOUNS:
        return False
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")
