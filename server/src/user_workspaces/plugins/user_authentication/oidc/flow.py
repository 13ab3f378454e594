"""The code flow: away with PKCE, state and nonce, and back with a code that is good once."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.requests_client import OAuth2Session

from user_workspaces.errors import AuthenticationRejected, ResourceUnavailable
from user_workspaces.interfaces.pending_login import REFUSED, PendingLogin
from user_workspaces.plugins.user_authentication.oidc import id_token
from user_workspaces.plugins.user_authentication.oidc.http_client import (
    CONNECT_SECONDS,
    ODD,
    READ_SECONDS,
    SILENT,
    fetch_object,
)
from user_workspaces.plugins.user_authentication.oidc.options import ConnectionDetails
from user_workspaces.plugins.user_authentication.oidc.provider import Metadata, Provider

VERIFIER_BYTES = 48


class CodeFlow:
    """The flow with one provider."""

    def __init__(self, details: ConnectionDetails, secret: str) -> None:
        self._details, self._secret = details, secret
        self.provider = Provider(details.issuer)

    def begin(self, redirect_url: str) -> PendingLogin:
        """Make the secrets of a new log-in."""
        verifier = secrets.token_urlsafe(VERIFIER_BYTES)
        if self._details.accept_missing_state:
            verifier = self.lasting_verifier(redirect_url)
        return PendingLogin(redirect_url, verifier, secrets.token_urlsafe(32))

    def lasting_verifier(self, redirect_url: str) -> str:
        """Return the verifier for clients that do not send the state back: nothing tells which log-in it was.

        The provider gets the PKCE that it may insist on, and a code still needs our secret; it is not bound to
        one log-in any more.
        """
        digest = hmac.digest(self._secret.encode(), f"pkce:{redirect_url}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def address(self, started: PendingLogin, state: str) -> str:
        """Return where the browser is sent."""
        metadata = self.provider.metadata()
        with self._session(metadata, started) as session:
            address, _ = session.create_authorization_url(
                metadata.authorization_endpoint, state=state, code_verifier=started.verifier, nonce=started.nonce
            )
        return str(address)

    def claims(self, code: str, started: PendingLogin) -> Mapping[str, Any]:
        """Return what is said of whoever brought this code, from the ID token and, where it is short, userinfo."""
        metadata = self.provider.metadata()
        response = self._exchange(metadata, code, started)
        access_token = response.get("access_token")
        if not isinstance(access_token, str):
            raise AuthenticationRejected(REFUSED)
        claims = id_token.verify(
            response.get("id_token"),
            find_key=lambda kid, algorithm: self.provider.key(kid=kid, algorithm=algorithm),
            issuer=self._details.issuer,
            client_id=self._details.client_id,
            nonce=started.nonce,
            access_token=access_token,
        )
        return {**self._further(metadata, claims, access_token), **claims}

    def _further(self, metadata: Metadata, claims: Mapping[str, Any], access_token: str) -> Mapping[str, Any]:
        """Ask for what the ID token leaves out; an answer about somebody else says nothing."""
        needed = {self._details.username_claim}
        if self._details.allowed_groups is not None:
            needed.add(self._details.allowed_groups_claim)
        if needed <= set(claims) or not metadata.userinfo_endpoint:
            return {}
        found = fetch_object(metadata.userinfo_endpoint, token=access_token)
        if found.get("sub") != claims["sub"]:
            raise AuthenticationRejected(REFUSED)
        return found

    def _exchange(self, metadata: Metadata, code: str, started: PendingLogin) -> Mapping[str, Any]:
        try:
            with self._session(metadata, started) as session:
                response = session.fetch_token(
                    metadata.token_endpoint,
                    grant_type="authorization_code",
                    code=code,
                    code_verifier=started.verifier,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                )
        except AuthlibBaseError:  # the provider says no
            raise AuthenticationRejected(REFUSED) from None
        except requests.JSONDecodeError:
            raise ResourceUnavailable(ODD) from None
        except requests.RequestException:
            raise ResourceUnavailable(SILENT) from None
        except (
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
            RecursionError,
        ):  # what Authlib makes of JSON that is no answer
            raise ResourceUnavailable(ODD) from None
        if not isinstance(response, Mapping):
            raise ResourceUnavailable(ODD)
        return response

    def _session(self, metadata: Metadata, started: PendingLogin) -> OAuth2Session:
        method = "client_secret_post" if metadata.secret_in_body else "client_secret_basic"
        return OAuth2Session(
            self._details.client_id,
            self._secret or None,
            scope=" ".join(self._details.scopes),
            redirect_uri=started.redirect_url,
            token_endpoint_auth_method=method if self._secret else "none",
            code_challenge_method="S256",
        )
