"""Keeps the origins of sessions for sessions: none of our pages answers there, so none can be abused there."""

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
    "title": "There is nothing here",
    "message": "This address is for one session only.",
    "link_text": "To your workspaces",
}


@dataclass(frozen=True, slots=True)
class RequestOrigin:
    """Where a request came in; `number` is the session's that is served there, None on the portal's own hosts."""

    host: str
    """The name in the `Host` field, in lower case."""
    number: int | None
    port: int | None = None
    """The port of a session, of our own socket; None: it came in on the portal's."""

    def is_of(self, job: Job | None, *, number: int) -> bool:
        """Return whether this job is served here. One that there is not is looked for on every host it could have."""
        if job is None:
            return self.number == number
        if self.port is not None:
            return self.number == number
        if self.number is None:
            return is_served_by_path(job.resource)
        return self.host == session_host(resource=job.resource, job_id=number)

    def portal(self, request: HttpRequest) -> str:
        """Return the portal's address for a visitor who is here, and did not come from it."""
        base = urlsplit(registry.site().base_url)
        if self.port is not None:
            return f"{base.scheme}://{self.host}{f':{base.port}' if base.port else ''}"
        if self.number is None:
            return ""
        if is_localhost(self.host):
            port = split_host(request.get_host())[1]  # another one than ours behind a tunnel
            return f"{base.scheme}://localhost{f':{port}' if port else ''}"
        return registry.site().base_url


def origin_of(request: HttpRequest) -> RequestOrigin:
    """Return where a request came in."""
    host = split_host(request.META.get("HTTP_HOST") or request.META["SERVER_NAME"])[0].lower()
    port = int(request.META.get("SERVER_PORT") or 0)
    if port in registry.site().session_ports.numbers:
        return RequestOrigin(host, job_of_port(port) or -1, port)
    return RequestOrigin(host, origin_job(host.encode("latin-1"), session_domains()))


class SessionOriginMiddleware:
    """On a session's host or port there is only `/passthrough/<...>/12/`, `/` leads there, and files of our notices."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer everything else here; raises `DisallowedHost` for names below a session domain that are no session."""
        if request.path.startswith("/static/"):
            return self._get_response(request)
        location = origin_of(request)
        if (location.number is None or location.port is not None) and not is_portal_host(location.host):
            raise DisallowedHost(f"Invalid HTTP_HOST header: {location.host!r}.")
        if location.number is None:
            return self._get_response(request)
        if passthrough_job(request.path.encode() + b"/") == location.number:
            return self._get_response(request)
        return _redirect(request, location)


def _redirect(request: HttpRequest, location: RequestOrigin) -> HttpResponse:
    """Lead a browser from the root of a session's place to the session, and from all else to the portal."""
    if request.method != "GET" or "text/html" not in request.headers.get("Accept", ""):
        return HttpResponse("There is nothing here.", content_type="text/plain", status=404)
    portal = location.portal(request)
    if location.number is not None and location.number > 0 and (request.path == "/" or _is_at_root(location.number)):
        page = target(path_as_sent(request).lstrip("/"), query_as_sent(request))
        return HttpResponseRedirect(
            f"{portal}/open/{location.number}/" + (f"?{urlencode({'to': page})}" if page else "")
        )
    context = {**NOTHING_HERE, "portal": portal, "link": f"{portal}/"}
    return render(request, "portal/status_page.html", context, status=404)


def _is_at_root(number: int) -> bool:
    job = Job.objects.only("endpoint").filter(pk=number).first()
    return job is not None and mount_of(job) is Mount.ROOT
