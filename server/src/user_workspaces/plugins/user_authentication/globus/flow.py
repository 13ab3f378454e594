"""The code flow with Globus Auth: away with PKCE and state, and back with a code for the person's tokens."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session
from globus_sdk.config import get_service_url

from user_workspaces.errors import AuthenticationRejected, ResourceUnavailable
from user_workspaces.interfaces.pending_login import REFUSED, PendingLogin
from user_workspaces.plugins.user_authentication.globus.options import GROUPS, VIEW_GROUPS, ConnectionDetails
from user_workspaces.plugins.user_authentication.globus.services import ODD, SECONDS, SILENT

VERIFIER_BYTES = 48
OWN_SCOPES = ("openid", "profile", "email")
AUTH_SERVER, GROUPS_SERVER = "auth.globus.org", GROUPS.rpartition(":")[2]


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a code was good for: a token that says who it is, and one for their groups (empty: none was asked for)."""

    identity: str = field(repr=False)
    groups: str = field(repr=False)


class CodeFlow:
    """The flow."""

    def __init__(self, details: ConnectionDetails, secret: str) -> None:
        self._details, self._secret = details, secret

    def begin(self, redirect_url: str) -> PendingLogin:
        """Make the secret of a new log-in."""
        if self._details.accept_missing_state:
            return self.without_state(redirect_url)
        return PendingLogin(redirect_url, secrets.token_urlsafe(VERIFIER_BYTES))

    def without_state(self, redirect_url: str) -> PendingLogin:
        """Return what belongs to clients that do not send the state back: always the same for one address."""
        digest = hmac.digest(self._secret.encode(), f"pkce:{redirect_url}".encode(), hashlib.sha256)
        return PendingLogin(redirect_url, base64.urlsafe_b64encode(digest).rstrip(b"=").decode())

    def address(self, started: PendingLogin, state: str) -> str:
        """Return where the browser is sent."""
        with self._session(started) as session:
            address, _ = session.create_authorization_url(
                _url("v2/oauth2/authorize"), state=state, code_verifier=started.verifier
            )
        return str(address)

    def tokens(self, code: str, started: PendingLogin) -> Tokens:
        """Exchange a code; Globus answers a token for each of its services, one of them with the others inside."""
        response = self._exchange(code, started)
        others = response.get("other_tokens")
        parts = [response, *(others if isinstance(others, list) else [])]
        by_server = dict(_by_server(parts))
        if AUTH_SERVER not in by_server:
            raise AuthenticationRejected(REFUSED)
        return Tokens(by_server[AUTH_SERVER], by_server.get(GROUPS_SERVER, ""))

    def _exchange(self, code: str, started: PendingLogin) -> Mapping[str, Any]:
        try:
            with self._session(started) as session:
                response = session.fetch_token(
                    _url("v2/oauth2/token"),
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=started.verifier,
                    timeout=SECONDS,
                    allow_redirects=False,
                )
        except AuthlibBaseError:  # Globus says no
            raise AuthenticationRejected(REFUSED) from None
        except requests.JSONDecodeError:
            raise ResourceUnavailable(ODD) from None
        except requests.RequestException:
            raise ResourceUnavailable(SILENT) from None
        except (ValueError, TypeError, AttributeError, KeyError, RecursionError):
            raise ResourceUnavailable(ODD) from None
        if not isinstance(response, Mapping):
            raise ResourceUnavailable(ODD)
        return response

    def _session(self, started: PendingLogin) -> OAuth2Session:
        scopes = OWN_SCOPES if self._details.allowed_groups is None else (*OWN_SCOPES, VIEW_GROUPS)
        return OAuth2Session(
            self._details.client_id,
            self._secret,
            scope=" ".join(scopes),
            redirect_uri=started.redirect_url,
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106  the name of a method
            code_challenge_method="S256",
        )


def _by_server(parts: Iterable[object]) -> Iterable[tuple[str, str]]:
    for part in parts:
        if isinstance(part, Mapping):
            server, token = part.get("resource_server"), part.get("access_token")
            if isinstance(server, str) and isinstance(token, str):
                yield server, token


def _url(path: str) -> str:
    return f"{get_service_url('auth').rstrip('/')}/{path}"
