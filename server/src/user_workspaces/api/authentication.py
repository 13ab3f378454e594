"""Who calls: `UWS-Authorization: Token <token>`, the bare token, or `Authorization: Bearer <token>`."""

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from user_workspaces.accounts.lookup import find_token
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.accounts.queries import note_use
from user_workspaces.observing.correlation import note_person

SCHEMES = ("token", "bearer")
SCHEME_AND_TOKEN = 2


class TokenAuthentication(BaseAuthentication):
    """API tokens; cookies of the portal are no credentials here, so there is nothing to forge across sites."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the caller; None without a header; raises for a token that is not good."""
        text = _token_in(request)
        if text is None:
            return None
        now = timezone.now()
        token = find_token(text, now=now)
        if token is None or token.user.is_service:
            raise AuthenticationFailed("Incorrect authentication credentials.")
        note_use(token, now=now)
        note_person(token.user_id)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Name the scheme in `WWW-Authenticate`."""
        return 'Token realm="user workspaces"'


def _token_in(request: Request) -> str | None:
    own = request.headers.get("UWS-Authorization")
    header = own if own is not None else request.headers.get("Authorization")
    if header is None:
        return None
    words = header.split()
    if len(words) == 1 and own is not None:
        return words[0]
    if len(words) == SCHEME_AND_TOKEN and words[0].lower() in SCHEMES:
        return words[1]
    return ""
