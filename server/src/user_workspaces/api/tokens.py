"""`/tokens/`: credentials in, an API token out; and the caller's own tokens."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.utils import timezone
from rest_framework import serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from user_workspaces import registry
from user_workspaces.accounts.actions import mint_token, revoke_token
from user_workspaces.accounts.login import begin_external_login, sign_in_at_api
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.accounts.queries import tokens_of
from user_workspaces.accounts.rate_limit import client_network
from user_workspaces.accounts.scopes import Scope, checked_scopes
from user_workspaces.api.openapi import LIMIT, OFFSET, describe, page_of
from user_workspaces.api.renderers import CredentialsParser
from user_workspaces.api.request_user import caller
from user_workspaces.api.responses import body_of, page, success, text_in
from user_workspaces.api.serializers import CredentialsSerializer, TokenSerializer
from user_workspaces.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from rest_framework.permissions import _SupportsHasPermission  # the stubs' name for what a permission does

NONE_FOUND = "Token matching given parameters could not be found."
USUAL_NAME = "API sign-in"


class Tokens(APIView):
    """Anybody may try to get one; what credentials are good is for the configured authentication to say."""

    scope = Scope.READ
    parser_classes = (CredentialsParser,)

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Look at no token of who comes to get one: an old one must not keep anybody out."""
        return [] if _is_open(self) else super().get_authenticators()

    def get_permissions(self) -> "Sequence[_SupportsHasPermission]":
        """Let everybody try."""
        return [] if _is_open(self) else super().get_permissions()

    @describe(data=page_of("tokens", TokenSerializer), query=(LIMIT, OFFSET))
    def get(self, request: Request) -> Response:
        """List the caller's own that are good, never their text."""
        rows = tokens_of(caller(request), now=timezone.now())
        return page(rows, request, key="tokens", empty=NONE_FOUND, shape=lambda rows: _describe(rows, request.auth))

    @describe(
        body=CredentialsSerializer,
        beside={
            "token": serializers.CharField(required=False),
            "auth_uri": serializers.CharField(required=False),
            "state": serializers.CharField(required=False),
        },
        refusals=(401, 403, 429),
    )
    def post(self, request: Request) -> Response:
        """Exchange credentials for a token, which is shown this once; or begin a log-in at another site."""
        body, now, sender = body_of(request), timezone.now(), _client_address(request)
        wanted = _Wanted(body)
        redirect = begin_external_login(credentials=body, sender=sender, now=now)
        if redirect is not None:
            return success("Log in there.", auth_uri=redirect.auth_uri, state=redirect.state)
        user = sign_in_at_api(credentials=body, sender=sender, now=now)
        return success("Successful authentication.", token=wanted.mint(user, now=now))


def _is_open(view: APIView) -> bool:
    request = getattr(view, "request", None)
    return request is not None and request.method == "POST"


class OneToken(APIView):
    """One of the caller's own."""

    scope = Scope.READ

    @describe(refusals=(403,))
    def delete(self, request: Request, token_id: int) -> Response:
        """Revoke it; a token may revoke itself, and others that can do no more than it can."""
        by = request.auth if isinstance(request.auth, ApiToken) else None
        if not revoke_token(user=caller(request), token_id=token_id, by=by):
            raise NotFound(f"Token {token_id} not found for user.")
        return success(f"Token {token_id} was revoked.")


class _Wanted:
    """What is asked of the new token, checked before any credentials are tried."""

    def __init__(self, body: Mapping[str, object]) -> None:
        self._name = text_in(body, "name") or USUAL_NAME
        self._lifetime = _lifetime_in(body)
        # Who signs in here is never an administrator.
        self._scopes = checked_scopes(body.get("scopes"), is_administrator=False)
        if "\0" in self._name:
            raise InvalidRequest("The name of a token cannot hold a NUL character.")

    def mint(self, user: User, *, now: datetime) -> str:
        """Return the text of the token."""
        return mint_token(user=user, name=self._name, now=now, lifetime=self._lifetime, scopes=self._scopes)


def _lifetime_in(body: Mapping[str, object]) -> timedelta | None:
    days, most = body.get("expires_in_days"), registry.site().token_lifetime.days
    if days is None:
        return None
    if not isinstance(days, int) or isinstance(days, bool) or not 1 <= days <= most:
        raise InvalidRequest(f"expires_in_days must be a whole number from 1 to {most}.")
    return timedelta(days=days)


def _describe(rows: QuerySet[ApiToken], current: object) -> list[dict[str, object]]:
    own = current.pk if isinstance(current, ApiToken) else None
    return [
        {
            "id": token.pk,
            "name": token.name,
            "prefix": token.prefix,
            "scopes": token.scopes.split(),
            "is_current": token.pk == own,
            "datetime_created": token.created_at,
            "datetime_last_used": token.last_used_at,
            "datetime_expires": token.expires_at,
        }
        for token in rows
    ]


def _client_address(request: Request) -> str:
    return client_network(
        peer=str(request.META.get("REMOTE_ADDR", "")),
        forwarded_for=request.headers.get("X-Forwarded-For", ""),
        trusted_proxies=registry.site().trusted_proxies,
    )
