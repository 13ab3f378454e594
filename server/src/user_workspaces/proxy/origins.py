"""Keeps the origins of sessions for sessions: none of our pages answers there, so none can be abused there."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from user_workspaces import registry
from user_workspaces.proxy.routes import origin_job, passthrough_job


class SessionOriginMiddleware:
    """On `s12.<domain>` there is only `/passthrough/<...>/12/` and the files our notices need."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer 404 to everything else."""
        job = origin_job(request.META.get("HTTP_HOST", "").encode("latin-1"), session_domains())
        if job is None or request.path.startswith("/static/"):
            return self._get_response(request)
        if passthrough_job(request.path.encode()) != job:
            return HttpResponse("There is nothing here.", content_type="text/plain", status=404)
        return self._get_response(request)


def session_domains() -> tuple[str, ...]:
    """Return the domains below which sessions have their origins."""
    domains = (resource.passthrough_domain for resource in registry.site().resources.values())
    return tuple(sorted({domain for domain in domains if domain}))
