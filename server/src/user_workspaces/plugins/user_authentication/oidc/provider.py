"""The provider's discovery document and its keys, cached, and shared by several threads."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from jwt import PyJWK, PyJWTError

from user_workspaces.errors import AuthenticationRejected, ResourceUnavailable
from user_workspaces.interfaces.pending_login import INCORRECT_CREDENTIALS, is_safe_address
from user_workspaces.plugins.user_authentication.oidc.http_client import INVALID_RESPONSE, fetch_object

KEPT_SECONDS = 3600.0
REFRESH_SECONDS = 30.0
"""An unknown key ID causes a new request for the keys, at most this often: the ID comes from the client."""
KEY_TYPES: Mapping[str, str] = {"RS256": "RSA", "ES256": "EC"}
"""The accepted algorithms and their key types. Never `none`, never one with a shared secret (HS256)."""
SHORTEST_RSA_KEY = 2048  # in bits, as RFC 7518 (3.3) requires for RS256


@dataclass(frozen=True, slots=True)
class Metadata:
    """The part of the discovery document that is used."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    """Empty if the provider has none."""
    secret_in_body: bool
    """True if the client's secret is sent in the form, not in the `Authorization` header."""
    names_itself: bool
    """True if the provider adds its issuer (`iss`) when it redirects the browser back (RFC 9207)."""


class Provider:
    """One provider, by its issuer."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._lock = Lock()
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, list[PyJWK]] | None = None

    def metadata(self, *, not_older_than: float = KEPT_SECONDS) -> Metadata:
        """Return the discovery document, at most this many seconds old; raises `ResourceUnavailable`."""
        # The lock is held during the request: other threads wait for its result and send none of their own.
        with self._lock:
            if self._metadata is None or time.monotonic() - self._metadata[0] > not_older_than:
                found = fetch_object(f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
                self._metadata = time.monotonic(), _checked(found, self._issuer)
            return self._metadata[1]

    def key(self, *, kid: str | None, algorithm: str) -> PyJWK:
        """Return the key for a token; raises `AuthenticationRejected` unless exactly one key of the provider fits."""
        address = self.metadata().jwks_uri
        with self._lock:
            age = time.monotonic() - self._keys[0] if self._keys else KEPT_SECONDS
            keys = self._keys[1] if self._keys and age < KEPT_SECONDS else self._fetch_keys(address)
            fitting = _fitting(keys, kid=kid, algorithm=algorithm)
            # Providers rotate keys: a new ID may be of a key that was published after the last request.
            if not fitting and REFRESH_SECONDS < age < KEPT_SECONDS:
                fitting = _fitting(self._fetch_keys(address), kid=kid, algorithm=algorithm)
        if len(fitting) != 1:
            raise AuthenticationRejected(INCORRECT_CREDENTIALS)
        return fitting[0]

    def _fetch_keys(self, address: str) -> list[PyJWK]:
        listed = fetch_object(address).get("keys")
        if not isinstance(listed, list):
            raise ResourceUnavailable(INVALID_RESPONSE)
        keys = [key for entry in listed if (key := _key(entry)) is not None]
        self._keys = time.monotonic(), keys
        return keys


def _checked(found: Mapping[str, Any], issuer: str) -> Metadata:
    """Return the metadata; raises `ResourceUnavailable` for another issuer or an address without TLS."""
    # The default that OpenID Connect Discovery defines for a document without this value.
    methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    metadata = Metadata(
        authorization_endpoint=str(found.get("authorization_endpoint", "")),
        token_endpoint=str(found.get("token_endpoint", "")),
        jwks_uri=str(found.get("jwks_uri", "")),
        userinfo_endpoint=str(found.get("userinfo_endpoint", "")),
        secret_in_body=isinstance(methods, list) and "client_secret_basic" not in methods,
        names_itself=found.get("authorization_response_iss_parameter_supported") is True,
    )
    needed = (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri)
    optional = (metadata.userinfo_endpoint,) if metadata.userinfo_endpoint else ()
    # The document of another issuer must not decide to which addresses codes and secrets are sent.
    if found.get("issuer") != issuer or not all(is_safe_address(url) for url in (*needed, *optional)):
        raise ResourceUnavailable(INVALID_RESPONSE)
    return metadata


def _key(entry: object) -> PyJWK | None:
    """Return a key of the provider; None for one of another type or use: a provider may list more keys."""
    if not isinstance(entry, dict) or entry.get("kty") not in KEY_TYPES.values() or entry.get("use", "sig") != "sig":
        return None
    fits = [name for name, kind in KEY_TYPES.items() if kind == entry["kty"]]
    try:
        return PyJWK(entry, algorithm=fits[0]) if entry.get("alg", fits[0]) in fits else None
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None


def _fitting(keys: list[PyJWK], *, kid: str | None, algorithm: str) -> list[PyJWK]:
    named = [key for key in keys if kid is None or key.key_id == kid]
    return [key for key in named if key.algorithm_name == algorithm and _is_strong(key)]


def _is_strong(key: PyJWK) -> bool:
    size: int = key.key.key_size
    return size >= SHORTEST_RSA_KEY if key.key_type == "RSA" else key.key.curve.name == "secp256r1"
