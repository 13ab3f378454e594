"""The authorization code flow with Globus Auth: PKCE and state to the service, a code and tokens back."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode

from globus_sdk.config import get_service_url

from user_workspaces.errors import AuthenticationRejected
from user_workspaces.interfaces.pending_login import INCORRECT_CREDENTIALS, PendingLogin, code_challenge
from user_workspaces.plugins.user_authentication.globus.options import GROUPS, VIEW_GROUPS, ConnectionDetails
from user_workspaces.plugins.user_authentication.globus.services import exchange

# 64 characters in base64; RFC 7636 requires 43 to 128.
VERIFIER_BYTES = 48
OWN_SCOPES = ("openid", "profile", "email")
AUTH_SERVER, GROUPS_SERVER = "auth.globus.org", GROUPS.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Tokens:
    """The tokens of one code: one for the user's identity, one for their groups (empty if none was requested)."""

    identity: str = field(repr=False)
    groups: str = field(repr=False)


class CodeFlow:
    """The authorization code flow of one client of Globus Auth."""

    def __init__(self, details: ConnectionDetails, secret: str) -> None:
        self._details, self._secret = details, secret

    def begin(self, redirect_url: str) -> PendingLogin:
        """Create the secret of a new login."""
        if self._details.accept_missing_state:
            return self.without_state(redirect_url)
        return PendingLogin(redirect_url, secrets.token_urlsafe(VERIFIER_BYTES))

    def without_state(self, redirect_url: str) -> PendingLogin:
        """Return the login of clients that do not send the state back: always the same for one address."""
        # Clients cannot compute it: the key is the secret of this server at Globus.
        digest = hmac.digest(self._secret.encode(), f"pkce:{redirect_url}".encode(), hashlib.sha256)
        return PendingLogin(redirect_url, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())

    def address(self, started: PendingLogin, state: str) -> str:
        """Return the address that the browser is redirected to."""
        scopes = OWN_SCOPES if self._details.allowed_groups is None else (*OWN_SCOPES, VIEW_GROUPS)
        query = {
            "response_type": "code",
            "client_id": self._details.client_id,
            "redirect_uri": started.redirect_url,
            "scope": " ".join(scopes),
            "state": state,
            "code_challenge": code_challenge(started.verifier),
            "code_challenge_method": "S256",
        }
        return f"{get_service_url('auth').rstrip('/')}/v2/oauth2/authorize?{urlencode(query)}"

    def tokens(self, code: str, started: PendingLogin) -> Tokens:
        """Exchange a code for tokens; raises `AuthenticationRejected` and `ResourceUnavailable`."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": started.redirect_url,
            "code_verifier": started.verifier,
        }
        response = exchange(form, client_id=self._details.client_id, secret=self._secret)
        # Globus returns one token for each of its services: the first at the top level, the rest in a list.
        others = response.get("other_tokens")
        parts = [response, *(others if isinstance(others, list) else [])]
        by_server = dict(_by_server(parts))
        if AUTH_SERVER not in by_server:
            raise AuthenticationRejected(INCORRECT_CREDENTIALS)
        return Tokens(by_server[AUTH_SERVER], by_server.get(GROUPS_SERVER, ""))


def _by_server(parts: Iterable[object]) -> Iterable[tuple[str, str]]:
    for part in parts:
        if isinstance(part, Mapping):
            server, token = part.get("resource_server"), part.get("access_token")
            if isinstance(server, str) and isinstance(token, str):
                yield server, token
