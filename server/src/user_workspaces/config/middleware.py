"""Around every request: its mark, how long it took, and what browsers may load from the page."""

import time
from collections.abc import Callable

from csp.constants import HEADER as POLICY_HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
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


class ContentPolicy(CSPMiddleware):
    """Writes the policy of an answer; that of the settings, which nearly all have, is put together once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self._usual = build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add the policy where the answer has none; a view's decorators leave their own marks on its answer."""
        of_its_own = any(name.startswith("_csp") for name in (*vars(response), *vars(request)))
        if of_its_own or settings.DEBUG:
            return super().process_response(request, response)
        response.headers.setdefault(POLICY_HEADER, self._usual)
        return response
