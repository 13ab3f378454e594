"""Around every request: its mark, and how long it took."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from user_workspaces.observing.correlation import about, accepted_mark
from user_workspaces.observing.metrics import note_request

HEADER = "X-Request-ID"


class ObserveRequests:
    """Ties together what is logged for one request, and tells the client the mark."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer it; errors have become answers further inside."""
        began = time.perf_counter()
        mark = accepted_mark(request.META.get("HTTP_X_REQUEST_ID", ""))
        with about(request=mark):
            response = self._get_response(request)
        response[HEADER] = mark
        route = request.resolver_match.route.rstrip("/") if request.resolver_match else None
        note_request(
            route="none" if route is None else f"/{route}",
            method=request.method or "",
            status=response.status_code,
            seconds=time.perf_counter() - began,
        )
        return response
