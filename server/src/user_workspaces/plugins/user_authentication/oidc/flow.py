"""The authorization code flow: PKCE, state and nonce to the provider, and a code back that is valid once."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import requests

from user_workspaces.errors import AuthenticationRejected, ResourceUnavailable
from user_workspaces.interfaces.pending_login import INCORRECT_CREDENTIALS, PendingLogin, code_challenge
from user_workspaces.plugins.user_authentication.oidc import id_token
from user_workspaces.plugins.user_authentication.oidc.http_client import (
    INVALID_RESPONSE,
    fetch_object,
    post_form,
)
from user_workspaces.plugins.user_authentication.oidc.options import ConnectionDetails
from user_workspaces.plugins.user_authentication.oidc.provider import Metadata, Provider

# 64 characters in base64; RFC 7636 requires 43 to 128.
VERIFIER_BYTES = 48


class CodeFlow:
    """The authorization code flow with one provider."""

    def __init__(self, details: ConnectionDetails, secret: str) -> None:
        self._details, self._secret = details, secret
        self.provider = Provider(details.issuer)

    def begin(self, redirect_url: str) -> PendingLogin:
        """Create the secrets of a new login."""
        verifier = secrets.token_urlsafe(VERIFIER_BYTES)
        if self._details.accept_missing_state:
            verifier = self.lasting_verifier(redirect_url)
        return PendingLogin(redirect_url, verifier, secrets.token_urlsafe(32))

    def lasting_verifier(self, redirect_url: str) -> str:
        """Return a constant verifier for clients that do not send the state back, which names the login.

        The provider still gets the PKCE that it may require, and a code still needs the client's secret; but a code
        is no longer bound to one login.
        """
        digest = hmac.digest(self._secret.encode(), f"pkce:{redirect_url}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def address(self, started: PendingLogin, state: str) -> str:
        """Return the address that the browser is redirected to."""
        endpoint = self.provider.metadata().authorization_endpoint
        query = {
            "response_type": "code",
            "client_id": self._details.client_id,
            "redirect_uri": started.redirect_url,
            "scope": " ".join(self._details.scopes),
            "state": state,
            "nonce": started.nonce,
            "code_challenge": code_challenge(started.verifier),
            "code_challenge_method": "S256",
        }
        given = {name: value for name, value in query.items() if value}
        address, _, fragment = endpoint.partition("#")
        return f"{address}{'&' if '?' in address else '?'}{urlencode(given)}{'#' if fragment else ''}{fragment}"

    def claims(self, code: str, started: PendingLogin) -> Mapping[str, Any]:
        """Return the claims of the user of a code, from the ID token and, where claims are missing, from userinfo."""
        metadata = self.provider.metadata()
        response = self._exchange(metadata, code, started)
        access_token = response.get("access_token")
        if not isinstance(access_token, str):
            raise AuthenticationRejected(INCORRECT_CREDENTIALS)
        claims = id_token.verify(
            response.get("id_token"),
            find_key=lambda kid, algorithm: self.provider.key(kid=kid, algorithm=algorithm),
            issuer=self._details.issuer,
            client_id=self._details.client_id,
            nonce=started.nonce,
            access_token=access_token,
        )
        # Signed claims of the ID token take precedence over userinfo.
        return {**self._further(metadata, claims, access_token), **claims}

    def _further(self, metadata: Metadata, claims: Mapping[str, Any], access_token: str) -> Mapping[str, Any]:
        """Return userinfo if the ID token lacks a claim that is needed; it must be about the same subject."""
        needed = {self._details.username_claim}
        if self._details.allowed_groups is not None:
            needed.add(self._details.allowed_groups_claim)
        if needed <= set(claims) or not metadata.userinfo_endpoint:
            return {}
        found = fetch_object(metadata.userinfo_endpoint, token=access_token)
        # OpenID Connect Core 5.3.2: without this check, a substituted response could name another user.
        if found.get("sub") != claims["sub"]:
            raise AuthenticationRejected(INCORRECT_CREDENTIALS)
        return found

    def _exchange(self, metadata: Metadata, code: str, started: PendingLogin) -> Mapping[str, Any]:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": started.redirect_url,
            "code_verifier": started.verifier,
        }
        basic = None
        if not self._secret:
            form["client_id"] = self._details.client_id
        elif metadata.secret_in_body:
            form |= {"client_id": self._details.client_id, "client_secret": self._secret}
        else:
            basic = self._details.client_id, self._secret
        status, found = post_form(metadata.token_endpoint, form, basic=basic)
        if "error" in found:  # some providers send it with status 200
            raise AuthenticationRejected(INCORRECT_CREDENTIALS)
        if status != requests.codes.ok:
            raise ResourceUnavailable(INVALID_RESPONSE)
        return found
