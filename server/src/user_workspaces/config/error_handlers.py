"""Responses to requests that reach no view: a page for browsers, JSON for programs and on all paths of the API."""

import re

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.template.loader import render_to_string

from user_workspaces.api import errors as api
from user_workspaces.api.urls import ROUTES
from user_workspaces.db.errors import translated
from user_workspaces.errors import DiskFull, TemporarilyUnavailable
from user_workspaces.portal import errors as portal

HOST_NOT_ALLOWED = (
    "This server does not accept requests for {name}. Ask its operators for the correct address. If this is your "
    "server, add the name to UWS_ALLOWED_HOSTS or to allowed_hosts in config.json, and restart the server."
)
HOST_NAME = re.compile(r"[A-Za-z0-9._\[\]:-]{1,255}")
API_NOUNS = frozenset(route.split("/")[0] for route, _ in ROUTES)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer what Django refuses before any view; a host name that is not allowed is told with its remedy."""
    if isinstance(translated(exception), DiskFull | TemporarilyUnavailable):  # a session could not be stored
        return server_error(request)
    message = host_not_allowed(request.META.get("HTTP_HOST", "")) if isinstance(exception, DisallowedHost) else ""
    if message and _is_page(request):
        notice = {"title": "This address is not allowed", "message": message}
        return HttpResponse(render_to_string("portal/status_page.html", notice), status=400)
    return api.bad_request(request, message)


def host_not_allowed(host: str) -> str:
    """Return what to tell a visitor who came under a name that is not allowed."""
    name, _ = split_domain_port(host)
    # The header is text of the client: only what looks like a host name is repeated.
    return HOST_NOT_ALLOWED.format(name=f"“{name}”" if HOST_NAME.fullmatch(name) else "this name")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a path that leads nowhere."""
    return portal.not_found(request) if _is_page(request) else api.not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer what went wrong outside of the views."""
    return portal.server_error(request) if _is_from_page(request) else api.server_error(request)


def _is_page(request: HttpRequest) -> bool:
    return request.method == "GET" and _is_from_page(request)


def _is_from_page(request: HttpRequest) -> bool:
    """Return whether a browser shows the answer, also to a form."""
    return request.path.split("/")[1] not in API_NOUNS and "text/html" in request.headers.get("Accept", "")
