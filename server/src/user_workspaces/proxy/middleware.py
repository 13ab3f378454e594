"""Serves nothing but sessions on the origins of sessions, so that no page of the portal can be attacked there."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render

from user_workspaces import registry
from user_workspaces.interfaces.endpoint import Mount
from user_workspaces.jobs.models import Job
from user_workspaces.jobs.queries import job_of_port, mount_of
from user_workspaces.jobs.session_urls import (
    is_localhost,
    is_portal_host,
    is_served_by_path,
    session_domains,
    session_host,
    split_host,
)
from user_workspaces.proxy.routing.routes import origin_job, passthrough_job
from user_workspaces.request_target import path_as_sent, query_as_sent, target

NOTHING_HERE = {
    "title": "Page not found",
    "message": "This address serves one session only.",
    "link_text": "Go to your workspaces",
}


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """The host and port of a request; `number` is the session that is served there, None on the hosts of the portal."""

    host: str
    """The name in the `Host` header, in lower case."""
    number: int | None
    port: int | None = None
    """The session's port on which the socket listens; None for the portal's port."""

    def is_of(self, job: Job | None, *, number: int) -> bool:
        """Return whether this job is served here; an unknown job matches each host that it could have."""
        if job is None:
            return self.number == number
        if self.port is not None:
            return self.number == number
        if self.number is None:
            return is_served_by_path(job.resource)
        return self.host == session_host(resource=job.resource, job_id=number)

    def portal(self, request: HttpRequest) -> str:
        """Return the portal's base URL for a browser on this origin; empty on the portal itself."""
        base = urlsplit(registry.site().base_url)
        if self.port is not None:
            return f"{base.scheme}://{self.host}{f':{base.port}' if base.port else ''}"
        if self.number is None:
            return ""
        if is_localhost(self.host):
            port = split_host(request.get_host())[1]  # a tunnel may listen on another port than this server
            return f"{base.scheme}://localhost{f':{port}' if port else ''}"
        return registry.site().base_url


def origin_of(request: HttpRequest) -> RequestOrigin:
    """Return the origin that a request was sent to."""
    host = split_host(request.META.get("HTTP_HOST") or request.META["SERVER_NAME"])[0].lower()
    port = int(request.META.get("SERVER_PORT") or 0)
    if port in registry.site().session_ports.numbers:
        # No job has the number -1: a session port without a session never serves the portal.
        return RequestOrigin(host, job_of_port(port) or -1, port)
    return RequestOrigin(host, origin_job(host.encode("latin-1"), session_domains()))


class SessionOriginMiddleware:
    """Serves `/passthrough/<...>/12/` and static files on a session's host or port, and redirects `/` there."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle all other paths; raises `DisallowedHost` for names below a session domain that are not sessions."""
        if request.path.startswith("/static/"):
            return self._get_response(request)
        origin = origin_of(request)
        # DNS rebinding: a hostile site can let its name resolve to this server, to read responses in its pages.
        if (origin.number is None or origin.port is not None) and not is_portal_host(origin.host):
            raise DisallowedHost(f"Invalid HTTP_HOST header: {origin.host!r}.")
        if origin.number is None:
            return self._get_response(request)
        if passthrough_job(request.path.encode() + b"/") == origin.number:
            return self._get_response(request)
        return _redirect(request, origin)


def _redirect(request: HttpRequest, origin: RequestOrigin) -> HttpResponse:
    """Redirect a browser from the root of a session's origin to the session, and from other pages to the portal."""
    if request.method != "GET" or "text/html" not in request.headers.get("Accept", ""):
        return HttpResponse("Not found.", content_type="text/plain", status=404)
    portal = origin.portal(request)
    if origin.number is not None and origin.number > 0 and (request.path == "/" or _is_at_root(origin.number)):
        page = target(path_as_sent(request).lstrip("/"), query_as_sent(request))
        return HttpResponseRedirect(f"{portal}/open/{origin.number}/" + (f"?{urlencode({'to': page})}" if page else ""))
    context = {**NOTHING_HERE, "portal": portal, "link": f"{portal}/"}
    return render(request, "portal/status_page.html", context, status=404)


def _is_at_root(number: int) -> bool:
    job = Job.objects.only("endpoint").filter(pk=number).first()
    return job is not None and mount_of(job) is Mount.ROOT
