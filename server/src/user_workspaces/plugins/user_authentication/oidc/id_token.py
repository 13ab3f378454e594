"""Whether an ID token is true, for us, and about this very log-in."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from jwt import PyJWK, PyJWTError

from user_workspaces.errors import AuthenticationRejected
from user_workspaces.interfaces.pending_login import REFUSED
from user_workspaces.plugins.user_authentication.oidc.provider import KEY_TYPES

CLOCK_SKEW_SECONDS = 60
LONGEST_TOKEN = 64 * 1024
LONGEST_SUBJECT = 255
NEEDED = ("iss", "sub", "aud", "exp", "iat")


def verify(
    token: object,
    *,
    find_key: Callable[[str | None, str], PyJWK],
    issuer: str,
    client_id: str,
    nonce: str,
    access_token: str,
) -> Mapping[str, Any]:
    """Return the claims; raises `AuthenticationRejected` for everything that is not just as it has to be.

    `nonce` empty: none was sent, and none is looked at.
    """
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
        raise AuthenticationRejected(REFUSED)
    try:
        header = jwt.get_unverified_header(token)
        algorithm, kid = str(header.get("alg")), header.get("kid")
        if algorithm not in KEY_TYPES or "crit" in header or not isinstance(kid, str | None):
            raise AuthenticationRejected(REFUSED)
        claims: dict[str, Any] = jwt.decode(
            token,
            find_key(kid, algorithm),
            algorithms=[algorithm],
            audience=client_id,
            issuer=issuer,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": list(NEEDED)},
        )
    except (PyJWTError, ValueError, TypeError):
        raise AuthenticationRejected(REFUSED) from None
    if not (_is_for_us(claims, client_id) and _is_this_one(claims, nonce) and _fits(claims, access_token)):
        raise AuthenticationRejected(REFUSED)
    return claims


def _is_for_us(claims: Mapping[str, Any], client_id: str) -> bool:
    """A token with several audiences says for whom it was made."""
    audience, party = claims["aud"], claims.get("azp")
    is_alone = isinstance(audience, str) or len(audience) == 1
    return party == client_id or (party is None and is_alone)


def _is_this_one(claims: Mapping[str, Any], nonce: str) -> bool:
    subject, found = claims["sub"], claims.get("nonce")
    known = isinstance(subject, str) and 0 < len(subject) <= LONGEST_SUBJECT and subject.isprintable()
    return known and (not nonce or (isinstance(found, str) and hmac.compare_digest(found.encode(), nonce.encode())))


def _fits(claims: Mapping[str, Any], access_token: str) -> bool:
    """The access token is the one that came with it, where the provider says so (`at_hash`)."""
    told = claims.get("at_hash")
    half = hashlib.sha256(access_token.encode()).digest()[:16]  # both algorithms hash with SHA-256
    return told is None or told == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
