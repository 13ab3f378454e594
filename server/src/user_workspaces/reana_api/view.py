"""What all views of this door share: who calls, what their token may do, how often, and how errors are told."""

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
from user_workspaces.reana_api.rate_limit import SECONDS, Rate

READING = ("GET", "HEAD")
MOST_DIGITS = 9


class ReanaView(APIView):
    """Asks for the scope `read` to look, and for the view's own to do anything else; closed until it names one.

    A token with the scope `workflows` may do both, except where a view says that it is about more than workflows.
    """

    authentication_classes = ()
    permission_classes = ()
    http_method_names = ("get", "head", "post", "put", "delete")
    scope: ClassVar[Scope] = Scope.ADMIN
    is_of_workflows: ClassVar[bool] = True
    """Whether the scope `workflows` is enough for all of it."""
    is_open: ClassVar[bool] = False
    """Whether it answers without a token."""
    token_parameter: ClassVar[str] = "access_token"  # noqa: S105  its name
    """Under which name the query may hold the token."""
    _rate: Rate | None = None

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Find out who sends the request, and count it."""
        super().initial(request, *args, **kwargs)
        token = _token_of(request, self.token_parameter)  # also where none is needed: others count by their address
        self._count(f"person {token.user_id}" if token else client_network_of(request._request))
        if self.is_open:
            return
        if token is None:
            raise _error(request, self.token_parameter)
        self.token = token
        note_use(token, now=timezone.now())
        bind_user(token.user_id)
        if not hasattr(self, (request.method or "").lower()):
            raise MethodNotAllowed(request.method or "")
        needed, granted = Scope.READ if request.method in READING else self.scope, scopes_in(self.token.scopes)
        if needed not in granted and not (self.is_of_workflows and Scope.WORKFLOWS in granted):
            raise NotAllowed(f"This token lacks the scope {needed}. Make one that has it.")

    @property
    def current_user(self) -> User:
        """Who calls."""
        return self.token.user

    def require(self, scope: Scope) -> None:
        """Raise `NotAllowed` for a token without this scope."""
        if scope not in scopes_in(self.token.scopes):
            raise NotAllowed(f"This token lacks the scope {scope}. Make one that has it.")

    def handle_exception(self, exc: Exception) -> Response:
        """Answer in REANA's form."""
        answer = response_for(exc)
        answer.exception = True
        return answer

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  as the framework hands them over
        """Say in each answer what is left of the second; nobody keeps an answer for later."""
        final: HttpResponseBase = super().finalize_response(request, response, *args, **kwargs)
        if self._rate is not None:
            for name, value in self._rate.headers().items():
                final.headers.setdefault(name, value)
        final.headers.setdefault("Cache-Control", "no-store")
        return final

    def _count(self, sender: str) -> None:
        limit = registry.site().workflows.requests_per_second
        if limit is None:
            return
        self._rate = SECONDS.take(sender, limit=limit)
        if self._rate.is_exceeded:
            raise RateExceeded(f'Too many requests in a given amount of time. Only "{limit} per 1 second" allowed.')


def token_text(request: Request, parameter: str = "access_token") -> str | None:
    """Return the token that a request brings: in the query as REANA's clients do, or in a header."""
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


def json_in(request: Request) -> Any:  # noqa: ANN401  it is what somebody sends
    """Return the JSON of the body, whatever its header calls it; None for an empty one. Raises `InvalidRequest`."""
    raw = request._request.body
    try:
        return orjson.loads(raw) if raw.strip() else None
    except orjson.JSONDecodeError:
        raise InvalidRequest("Malformed request.") from None


def object_in(request: Request) -> dict[str, Any]:
    """Return the JSON object of the body; empty for an empty body."""
    found = json_in(request)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InvalidRequest("Malformed request.")
    return found


def flag(request: Request, name: str) -> bool:
    """Return a flag of the query."""
    return request.query_params.get(name, "").lower() in {"true", "1", "yes", "on"}


def positive(request: Request, name: str) -> int | None:
    """Return a number of the query, at least 1; None where it is not there."""
    text = request.query_params.get(name)
    if text is None:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= MOST_DIGITS):
        raise InvalidRequest(f"Field '{name}': Not a valid integer.")
    if int(text) < 1:
        raise InvalidRequest(f"Field '{name}': Must be at least 1.")
    return int(text)
