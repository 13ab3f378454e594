"""The base class of all views: authentication, scopes, rate limit and errors."""

from typing import Any, ClassVar

import orjson
from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import MethodNotAllowed
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces import registry
from user_workspaces.accounts.hot_queries import find_token
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.accounts.queries import note_use
from user_workspaces.accounts.rate_limit import client_network_of
from user_workspaces.accounts.scopes import Scope, scopes_in
from user_workspaces.accounts.tokens import token_in_headers
from user_workspaces.errors import AuthenticationRejected, InvalidRequest, NotAllowed, UserWorkspacesError
from user_workspaces.observability.correlation import bind_user
from user_workspaces.reana_api.errors import RateExceeded, response_for
from user_workspaces.reana_api.rate_limit import LIMITER, Rate

READING = ("GET", "HEAD")
MOST_DIGITS = 9


class ReanaView(APIView):
    """Requires the scope `read` for GET and HEAD, and the `scope` of the view for other methods.

    A token with the scope `workflows` may do both, except in views that concern more than workflows. A view that names
    no scope requires `admin`.
    """

    # `initial` authenticates: the framework's classes know neither tokens in the query nor REANA's errors.
    authentication_classes = ()
    permission_classes = ()
    http_method_names = ("get", "head", "post", "put", "delete")
    scope: ClassVar[Scope] = Scope.ADMIN
    is_of_workflows: ClassVar[bool] = True
    """True if the scope `workflows` is sufficient for all methods."""
    is_open: ClassVar[bool] = False
    """True if no token is required."""
    token_parameter: ClassVar[str] = "access_token"  # noqa: S105  its name
    """The query parameter that may contain the token."""
    _rate: Rate | None = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Authenticate the request, count it for the rate limit, and check the scope."""
        super().initial(request, *args, **kwargs)
        token = _token_of(request, self.token_parameter)  # on open views too: a token counts for its user
        self._count(f"user {token.user_id}" if token else client_network_of(request._request))
        # Counted before this check, so that requests without a valid token are limited by client address.
        if self.is_open:
            return
        if token is None:
            raise _error(request, self.token_parameter)
        self.token = token
        note_use(token, now=timezone.now())
        bind_user(token.user_id)
        # Before the scope: an unknown method is a 405 for every token.
        if not hasattr(self, (request.method or "").lower()):
            raise MethodNotAllowed(request.method or "")
        needed, granted = Scope.READ if request.method in READING else self.scope, scopes_in(self.token.scopes)
        if needed not in granted and not (self.is_of_workflows and Scope.WORKFLOWS in granted):
            raise NotAllowed(f"This token lacks the scope {needed}. Create a token that has it.")

    @property
    def current_user(self) -> User:
        """The calling user."""
        return self.token.user

    def require(self, scope: Scope) -> None:
        """Raise `NotAllowed` for a token without this scope."""
        if scope not in scopes_in(self.token.scopes):
            raise NotAllowed(f"This token lacks the scope {scope}. Create a token that has it.")

    def handle_exception(self, exc: Exception) -> Response:
        """Return the error in REANA's format."""
        response = response_for(exc)
        response.exception = True
        return response

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  as the framework hands them over
        """Add the headers of the rate limit, and forbid caching."""
        final: HttpResponseBase = super().finalize_response(request, response, *args, **kwargs)
        if self._rate is not None:
            # `setdefault` keeps the `Retry-After` of an error, which is not about the rate limit.
            for name, value in self._rate.headers().items():
                final.headers.setdefault(name, value)
        # A cache must not store the response: it is personal, and its URL may contain the token.
        final.headers.setdefault("Cache-Control", "no-store")
        return final

    def _count(self, key: str) -> None:
        limit = registry.site().workflows.requests_per_second
        if limit is None:
            return
        self._rate = LIMITER.consume(key, limit=limit)
        if self._rate.is_exceeded:
            raise RateExceeded(f'Too many requests in a given amount of time. Only "{limit} per 1 second" allowed.')


def token_text(request: Request, parameter: str = "access_token") -> str | None:
    """Return the token of a request: from the query, as REANA's clients send it, or from a header."""
    named = request.query_params.get(parameter)
    if named:
        return named
    return token_in_headers(own=request.headers.get("UWS-Authorization"), usual=request.headers.get("Authorization"))


def _token_of(request: Request, parameter: str) -> ApiToken | None:
    text = token_text(request, parameter)
    token = find_token(text, now=timezone.now()) if text is not None else None
    return None if token is None or token.user.is_service else token


def _error(request: Request, parameter: str) -> UserWorkspacesError:
    if token_text(request, parameter) is None:
        return AuthenticationRejected("User not signed in")
    return NotAllowed("Token not valid.")


def json_in(request: Request) -> Any:  # noqa: ANN401  any JSON value
    """Return the JSON of the body regardless of its Content-Type; None if empty. Raises `InvalidRequest`."""
    raw = request._request.body  # not `request.data`: clients send JSON without its Content-Type
    try:
        return orjson.loads(raw) if raw.strip() else None
    except orjson.JSONDecodeError:
        raise InvalidRequest("Malformed request.") from None


def object_in(request: Request) -> dict[str, Any]:
    """Return the JSON object of the body; an empty one for an empty body."""
    found = json_in(request)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InvalidRequest("Malformed request.")
    return found


def flag(request: Request, name: str) -> bool:
    """Return a boolean query parameter."""
    return request.query_params.get(name, "").lower() in {"true", "1", "yes", "on"}


def positive(request: Request, name: str) -> int | None:
    """Return a query parameter that is an integer of at least 1; None if it is missing."""
    text = request.query_params.get(name)
    if text is None:
        return None
    # `isdigit` alone accepts digits such as `²`, for which `int` raises an error.
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS):
        raise InvalidRequest(f"Field '{name}': Not a valid integer.")
    if int(text) < 1:
        raise InvalidRequest(f"Field '{name}': Must be at least 1.")
    return int(text)
