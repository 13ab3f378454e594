"""Middleware for each request: its ID, its duration, the content security policy, and slots for slow forms."""

import time
from collections.abc import Callable
from typing import cast

from csp.constants import HEADER as POLICY_HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from user_workspaces.accounts.models import User
from user_workspaces.config.threaded_asgi import SMALL
from user_workspaces.errors import TooManyAtOnce
from user_workspaces.observability.correlation import accepted_request_id, bind_context
from user_workspaces.observability.metrics import note_request
from user_workspaces.portal.access import is_logged_in_user, to_login, wants_fragment
from user_workspaces.portal.errors import response_for
from user_workspaces.transfers.slots import TransferSlot
from user_workspaces.transfers.views import is_transfer

HEADER = "X-Request-ID"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
SLOT = "_slot_of_slow_form"


class ObserveRequests:
    """Binds log lines to the request ID, and returns the ID to the client."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle a request; inner middleware has converted errors to responses."""
        start = time.perf_counter()
        request_id = accepted_request_id(request.META.get("HTTP_X_REQUEST_ID", ""))
        with bind_context(request=request_id):
            response = self._get_response(request)
        response[HEADER] = request_id
        route = request.resolver_match.route.rstrip("/") if request.resolver_match else None
        note_request(
            route="none" if route is None else f"/{route}",
            method=request.method or "",
            status=response.status_code,
            seconds=time.perf_counter() - start,
        )
        return response


class ContentPolicy(CSPMiddleware):
    """Sets the policy of a response; the default policy is built once."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        super().__init__(get_response)
        self._usual = build_policy()

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add the default policy, unless decorators of the view have set attributes for another one."""
        has_own_policy = any(name.startswith("_csp") for name in (*vars(response), *vars(request)))
        if has_own_policy or settings.DEBUG:
            return super().process_response(request, response)
        response.headers.setdefault(POLICY_HEADER, self._usual)
        return response


class SlowForms:
    """Limits large forms and forms with files, which occupy a thread while they arrive.

    They require a login and a transfer slot of the user. Both are checked before the CSRF middleware, which reads the
    body.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Handle a request, and release its slot afterwards."""
        try:
            return self._get_response(request)
        finally:
            slot: TransferSlot | None = vars(request).get(SLOT)
            if slot is not None:
                slot.end()

    def process_view(
        self, request: HttpRequest, view: Callable[..., object], _args: object, _kwargs: object
    ) -> HttpResponseBase | None:
        """Reject a slow form, or take a slot for it. Views of the API authenticate before they read a body."""
        if getattr(view, "csrf_exempt", False) or not _is_slow_form(request, view):
            return None
        if not is_logged_in_user(request):
            return to_login(request)
        try:
            vars(request)[SLOT] = TransferSlot(cast("User", request.user).pk)
        except TooManyAtOnce as error:
            return response_for(request, error, fragment=wants_fragment(request))
        return None


def _is_slow_form(request: HttpRequest, view: Callable[..., object]) -> bool:
    if request.method != "POST" or request.content_type not in FORMS:
        return False
    length = request.META.get("CONTENT_LENGTH") or "0"
    # The digits are counted first, because `int` raises `ValueError` for thousands of them.
    is_small = length.isdigit() and len(length) <= len(str(SMALL)) and int(length) <= SMALL
    return not is_small or is_transfer(view)
