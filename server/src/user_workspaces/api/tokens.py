"""`/tokens/`: exchange credentials for an API token; list and revoke the caller's tokens."""

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
from user_workspaces.accounts.rate_limit import client_network_of
from user_workspaces.accounts.scopes import Scope, checked_scopes
from user_workspaces.api import objects
from user_workspaces.api.objects import TokenSerializer
from user_workspaces.api.openapi import LIMIT, OFFSET, describe, page_of
from user_workspaces.api.renderers import CredentialsParser
from user_workspaces.api.request_user import caller
from user_workspaces.api.responses import body_of, page, success, text_in
from user_workspaces.api.serializers import CredentialsSerializer
from user_workspaces.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from rest_framework.permissions import (
        _SupportsHasPermission,  # the protocol of permissions, named by the stubs only
    )

NONE_FOUND = "Token matching given parameters could not be found."
DEFAULT_NAME = "API sign-in"


class Tokens(APIView):
    """The list of tokens, and new ones; POST needs no token, since the configured authentication checks its body."""

    scope = Scope.READ
    parser_classes = (CredentialsParser,)

    def get_authenticators(self) -> list[BaseAuthentication]:
        """Ignore tokens of a POST: an expired one must not prevent getting a new one."""
        return [] if _is_open(self) else super().get_authenticators()

    def get_permissions(self) -> "Sequence[_SupportsHasPermission]":
        """Require no permission for a POST."""
        return [] if _is_open(self) else super().get_permissions()

    @describe(data=page_of("tokens", TokenSerializer), query=(LIMIT, OFFSET))
    def get(self, request: Request) -> Response:
        """List the caller's valid tokens, without their text."""
        rows = tokens_of(caller(request), now=timezone.now())
        return page(rows, request, key="tokens", empty=NONE_FOUND, describe=lambda rows: _describe(rows, request.auth))

    @describe(
        body=CredentialsSerializer,
        beside={
            "token": serializers.CharField(required=False),
            "auth_uri": serializers.CharField(required=False),
            "state": serializers.CharField(required=False),
        },
        errors=(401, 403, 429),
    )
    def post(self, request: Request) -> Response:
        """Exchange credentials for a token, which is shown only once, or start a login at an identity provider."""
        body, now, address = body_of(request), timezone.now(), client_network_of(request._request)
        # Before the credentials: they may be a one-time code, which a wrong name must not use up.
        wanted = _NewToken(body)
        redirect = begin_external_login(credentials=body, address=address, now=now)
        if redirect is not None:
            return success("Log in there.", auth_uri=redirect.auth_uri, state=redirect.state)
        user = sign_in_at_api(credentials=body, address=address, now=now)
        return success("Successful authentication.", token=wanted.mint(user, now=now))


def _is_open(view: APIView) -> bool:
    # The generator of the schema makes views without a request.
    request = getattr(view, "request", None)
    return request is not None and request.method == "POST"


class TokenDetail(APIView):
    """A token of the caller."""

    scope = Scope.READ

    @describe(errors=(403,))
    def delete(self, request: Request, token_id: int) -> Response:
        """Revoke a token; a token can revoke itself and tokens without further scopes."""
        by = request.auth if isinstance(request.auth, ApiToken) else None
        if not revoke_token(user=caller(request), token_id=token_id, by=by):
            raise NotFound(f"Token {token_id} not found for user.")
        return success(f"Token {token_id} was revoked.")


class _NewToken:
    """The name, lifetime and scopes of a new token, validated before the credentials are checked."""

    def __init__(self, body: Mapping[str, object]) -> None:
        self._name = text_in(body, "name") or DEFAULT_NAME
        self._lifetime = _lifetime_in(body)
        # Administrators cannot log in at the API.
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


def _describe(rows: QuerySet[ApiToken], current: object) -> list[objects.Token]:
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
