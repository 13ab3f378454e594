"""Authenticates requests by `UWS-Authorization: Token <token>`, the bare token, or `Authorization: Bearer <token>`."""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from user_workspaces.accounts.hot_queries import find_token
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.accounts.queries import note_use
from user_workspaces.accounts.tokens import token_in_headers
from user_workspaces.observability.correlation import bind_user

CHALLENGE = 'Token realm="user workspaces"'
"""The value of `WWW-Authenticate` in responses with status 401."""


class TokenAuthentication(BaseAuthentication):
    """Authentication by API token; cookies are ignored, so that cross-site requests carry no credentials."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the user and the token; None without a header. Raises `AuthenticationFailed` for an invalid token."""
        headers = request.headers
        text = token_in_headers(own=headers.get("UWS-Authorization"), usual=headers.get("Authorization"))
        # None leaves the request anonymous: open views accept it, the permissions of all others reject it.
        if text is None:
            return None
        now = timezone.now()
        token = find_token(text, now=now)
        if token is None or token.user.is_service:
            raise AuthenticationFailed("Incorrect authentication credentials.")
        note_use(token, now=now)
        bind_user(token.user_id)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Return the value of `WWW-Authenticate`."""
        # Without this header the framework would answer 403 instead of 401.
        return CHALLENGE
