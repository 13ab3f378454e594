"""Who calls: `UWS-Authorization: Token <token>`, the bare token, or `Authorization: Bearer <token>`."""

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
"""What `WWW-Authenticate` says with every 401."""


class TokenAuthentication(BaseAuthentication):
    """API tokens; cookies of the portal are no credentials here, so there is nothing to forge across sites."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the caller; None without a header; raises for a token that is not good."""
        headers = request.headers
        text = token_in_headers(own=headers.get("UWS-Authorization"), usual=headers.get("Authorization"))
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
        """Name the scheme in `WWW-Authenticate`."""
        return CHALLENGE
