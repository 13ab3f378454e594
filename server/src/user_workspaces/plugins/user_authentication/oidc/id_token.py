"""Verification of ID tokens: signature, issuer, audience, times, nonce and access token."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from jwt import PyJWK, PyJWTError

from user_workspaces.errors import AuthenticationRejected
from user_workspaces.interfaces.pending_login import INCORRECT_CREDENTIALS
from user_workspaces.plugins.user_authentication.oidc.provider import KEY_TYPES

CLOCK_SKEW_SECONDS = 60
LONGEST_TOKEN = 64 * 1024
LONGEST_SUBJECT = 255  # the limit of OpenID Connect Core 2
REQUIRED_CLAIMS = ("iss", "sub", "aud", "exp", "iat")


def verify(
    token: object,
    *,
    find_key: Callable[[str | None, str], PyJWK],
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
) -> Mapping[str, Any]:
    """Return the claims of a valid token; raises `AuthenticationRejected` for any other.

    `find_key` takes the key ID and the algorithm. An empty `nonce` is not compared: none was sent.
    """
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
        raise AuthenticationRejected(INCORRECT_CREDENTIALS)
    try:
        header = jwt.get_unverified_header(token)
        algorithm, kid = str(header.get("alg")), header.get("kid")
        # The algorithm is pinned before the key is chosen: HS256 with a public key as the secret must never verify.
        if algorithm not in KEY_TYPES or "crit" in header or not isinstance(kid, str | None):
            raise AuthenticationRejected(INCORRECT_CREDENTIALS)
        claims: dict[str, Any] = jwt.decode(
            token,
            find_key(kid, algorithm),
            algorithms=[algorithm],
            audience=client_id,
            issuer=issuer,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": list(REQUIRED_CLAIMS)},
        )
    except (PyJWTError, ValueError, TypeError):
        raise AuthenticationRejected(INCORRECT_CREDENTIALS) from None
    if not (
        _is_for_client(claims, client_id)
        and _is_for_login(claims, nonce)
        and _matches_access_token(claims, access_token)
    ):
        raise AuthenticationRejected(INCORRECT_CREDENTIALS)
    return claims


def _is_for_client(claims: Mapping[str, Any], client_id: str) -> bool:
    """Return True if the token was issued for this client: one with several audiences must name it as `azp`."""
    audience, party = claims["aud"], claims.get("azp")
    is_alone = isinstance(audience, str) or len(audience) == 1
    return party == client_id or (party is None and is_alone)


def _is_for_login(claims: Mapping[str, Any], nonce: str) -> bool:
    subject, found = claims["sub"], claims.get("nonce")
    known = isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT and subject.isprintable()
    return known and (not nonce or (isinstance(found, str) and hmac.compare_digest(found.encode(), nonce.encode())))


def _matches_access_token(claims: Mapping[str, Any], access_token: str) -> bool:
    """Return True if `at_hash`, which is optional, is that of the access token that came with the ID token."""
    at_hash = claims.get("at_hash")
    half = hashlib.sha256(access_token.encode()).digest()[:16]  # both algorithms hash with SHA-256
    return at_hash is None or at_hash == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
