"""Around every request: its mark, how long it took, and what browsers may load from the page."""

import time
from collections.abc import Callable
from typing import cast

from csp.constants import HEADER as POLICY_HEADER
from csp.middleware import CSPMiddleware
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from user_workspaces.accounts.models import User
from user_workspaces.config.disconnects import TRANSFERS
from user_workspaces.config.threaded_asgi import SMALL
from user_workspaces.errors import TooManyAtOnce
from user_workspaces.observability.correlation import accepted_request_id, bind_context
from user_workspaces.observability.metrics import note_request
from user_workspaces.portal.access import is_logged_in_user, to_login, wants_fragment
from user_workspaces.portal.errors import response_for
from user_workspaces.transfers.slots import TransferSlot

HEADER = "X-Request-ID"
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
TURN = "_turn_of_slow_form"


class ObserveRequests:
    """Ties together what is logged for one request, and tells the client the mark."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer it; errors have become answers further inside."""
        began = time.perf_counter()
        mark = accepted_request_id(request.META.get("HTTP_X_REQUEST_ID", ""))
        with bind_context(request=mark):
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


class SlowForms:
    """A large form of a page, or one with files, is read as it comes, and a thread waits for it.

    So nobody sends one who is not logged in, and nobody several at once without end. This is found out before anything
    of it is read: the check of where it comes from reads it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer it, and let the next one have its turn."""
        try:
            return self._get_response(request)
        finally:
            turn: TransferSlot | None = vars(request).get(TURN)
            if turn is not None:
                turn.end()

    def process_view(
        self, request: HttpRequest, view: Callable[..., object], _args: object, _kwargs: object
    ) -> HttpResponseBase | None:
        """Refuse it, or take a turn for it. The API is not asked: it reads nothing before it knows who calls."""
        if getattr(view, "csrf_exempt", False) or not _is_read_as_it_comes(request):
            return None
        if not is_logged_in_user(request):
            return to_login(request)
        try:
            vars(request)[TURN] = TransferSlot(cast("User", request.user).pk)
        except TooManyAtOnce as error:
            return response_for(request, error, fragment=wants_fragment(request))
        return None


def _is_read_as_it_comes(request: HttpRequest) -> bool:
    if request.method != "POST" or request.content_type not in FORMS:
        return False
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_small = length.isdigit() and len(length) <= len(str(SMALL)) and int(length) <= SMALL
    return not is_small or TRANSFERS.match(request.path) is not None
