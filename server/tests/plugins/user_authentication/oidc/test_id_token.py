"""ID tokens with forged signatures or wrong claims."""

import base64
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from plugins.user_authentication.oidc.hostile import (
    EC_KEY,
    OTHER_RSA_KEY,
    RSA_KEY,
    WEAK_RSA_KEY,
    HostileProvider,
    LoginDriver,
    public,
)
from user_workspaces.errors import AuthenticationRejected

Make = Callable[..., LoginDriver]
Claims = dict[str, Any]
PEM = RSA_KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
NOW = int(time.time())


def raw(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def hs256_with(key: bytes) -> Callable[[Claims], str]:
    """Sign with a public value as the shared secret; PyJWT itself refuses to."""

    def sign(claims: Claims) -> str:
        import hashlib  # noqa: PLC0415  this one test alone
        import hmac  # noqa: PLC0415  this one test alone

        signed = f"{raw({'alg': 'HS256', 'typ': 'JWT', 'kid': 'one'})}.{raw(claims)}"
        mac = base64.urlsafe_b64encode(hmac.digest(key, signed.encode(), hashlib.sha256)).rstrip(b"=").decode()
        return f"{signed}.{mac}"

    return sign


def rs(algorithm: str = "RS256", key: Any = RSA_KEY, **header: Any) -> Callable[[Claims], str]:
    return lambda claims: jwt.encode(claims, key, algorithm, {"kid": "one", **header})


FORGERIES: dict[str, Callable[[Claims], Any]] = {
    "none": lambda claims: f"{raw({'alg': 'none', 'kid': 'one'})}.{raw(claims)}.",
    "None": lambda claims: f"{raw({'alg': 'None', 'kid': 'one'})}.{raw(claims)}.",
    "no algorithm": lambda claims: f"{raw({'kid': 'one'})}.{raw(claims)}.",
    "an algorithm that is a list": lambda claims: f"{raw({'alg': ['RS256'], 'kid': 'one'})}.{raw(claims)}.",
    "hs256 with the public key": hs256_with(PEM),
    "hs256 with the client secret": hs256_with(b"s3cret"),
    "rs512": rs("RS512"),
    "ps256": rs("PS256"),
    "another key": rs(key=OTHER_RSA_KEY),
    "a key that brings itself": rs(key=OTHER_RSA_KEY, jwk=public(OTHER_RSA_KEY, "one")),
    "a key of another address": rs(key=OTHER_RSA_KEY, jku="https://evil.example/keys"),
    "an unknown kid": rs(kid="two"),
    "a kid that is a number": lambda claims: f"{raw({'alg': 'RS256', 'kid': 1})}.{raw(claims)}.AA",
    "critical": rs(crit=["exp"], exp=1),
    "no signature": lambda claims: rs()(claims).rpartition(".")[0] + ".",
    "another signature": lambda claims: rs()(claims).rpartition(".")[0] + "." + rs()({"a": 1}).rpartition(".")[2],
    "another content": lambda claims: ".".join(
        [rs()(claims).split(".")[0], raw({**claims, "sub": "1"}), rs()(claims).split(".")[2]]
    ),
    "elliptic signature without such a key": lambda claims: jwt.encode(claims, EC_KEY, "ES256", {"kid": "one"}),
    "not a token": lambda _: "a.b.c",
    "nothing": lambda _: "",
    "null": lambda _: None,
    "a list": lambda _: ["x"],
    "very long": lambda _: "a" * 100_000,
    "claims that are a list": lambda _: f"{raw({'alg': 'RS256', 'kid': 'one'})}.{raw([1])}.AA",
}


@pytest.mark.parametrize("sign", FORGERIES.values(), ids=FORGERIES)
def test_forged_tokens_are_refused(make_driver: Make, provider: HostileProvider, sign: Callable[[Claims], Any]) -> None:
    provider.sign = sign
    with pytest.raises(AuthenticationRejected, match=r"^Incorrect authentication credentials\.$"):
        make_driver().whole()


WRONG: dict[str, Claims] = {
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "another"},
    "no audience": {"aud": None},
    "an empty audience": {"aud": []},
    "an audience that is a number": {"aud": 7},
    "several audiences and no party": {"aud": ["uws", "another"]},
    "several audiences for another": {"aud": ["uws", "another"], "azp": "another"},
    "another party": {"azp": "another"},
    "another nonce": {"nonce": "x"},
    "no nonce": {"nonce": None},
    "a nonce that is a list": {"nonce": ["x"]},
    "another access token": {"at_hash": "AAAA"},
    "a hash that is a number": {"at_hash": 5},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a number as subject": {"sub": 5},
    "a long subject": {"sub": "s" * 256},
    "a subject with a NUL": {"sub": "a\0b"},
    "expired": {"exp": NOW - 3600},
    "no end": {"exp": None},
    "an end that is text": {"exp": "later"},
    "not yet made": {"iat": NOW + 3600},
    "no beginning": {"iat": None},
    "not yet good": {"nbf": NOW + 3600},
}


@pytest.mark.parametrize("claims", WRONG.values(), ids=WRONG)
def test_signed_tokens_with_wrong_claims_are_refused(
    make_driver: Make, provider: HostileProvider, claims: Claims
) -> None:
    provider.claims = claims
    with pytest.raises(AuthenticationRejected, match=r"^Incorrect authentication credentials\.$"):
        make_driver().whole()


@pytest.mark.parametrize(
    ("claims", "is_good"),
    [
        ({"exp": -50}, True),
        ({"exp": -75}, False),
        ({"iat": 50}, True),
        ({"iat": 75}, False),
        ({"nbf": 50}, True),
        ({"nbf": 75}, False),
    ],
)
def test_clock_skew_of_a_minute_is_allowed(
    make_driver: Make, provider: HostileProvider, claims: dict[str, int], *, is_good: bool
) -> None:
    now = int(time.time())
    provider.claims = {name: now + seconds for name, seconds in claims.items()}
    if is_good:
        assert make_driver().whole() is not None
        return
    with pytest.raises(AuthenticationRejected):
        make_driver().whole()


@pytest.mark.parametrize(
    "claims", [{"aud": ["uws"]}, {"aud": ["uws", "another"], "azp": "uws"}, {"azp": "uws"}, {"at_hash": None}]
)
def test_claims_that_the_standard_allows_are_accepted(
    make_driver: Make, provider: HostileProvider, claims: Claims
) -> None:
    provider.claims = claims
    assert make_driver().whole() is not None


def test_elliptic_keys_are_accepted(make_driver: Make, provider: HostileProvider) -> None:
    provider.keys = [public(RSA_KEY, "one"), public(EC_KEY, "two", alg="ES256")]
    provider.sign = lambda claims: jwt.encode(claims, EC_KEY, "ES256", {"kid": "two"})
    assert make_driver().whole() is not None


def test_single_key_needs_no_key_id(make_driver: Make, provider: HostileProvider) -> None:
    provider.sign = lambda claims: jwt.encode(claims, RSA_KEY, "RS256")
    assert make_driver().whole() is not None
    provider.keys = [public(RSA_KEY, "one"), public(OTHER_RSA_KEY, "two")]
    with pytest.raises(AuthenticationRejected):
        make_driver().whole()


@pytest.mark.filterwarnings("ignore:.*key.*bits")
@pytest.mark.parametrize(
    "keys",
    [
        [],
        [None, 5, "x", {}],
        [{"kty": "RSA", "kid": "one"}],
        [{"kty": "oct", "k": "c2VjcmV0", "kid": "one"}],
        [public(RSA_KEY, "one", use="enc")],
        [public(RSA_KEY, "one", alg="RS512")],
        [public(EC_KEY, "one")],
        [public(RSA_KEY, "one"), public(OTHER_RSA_KEY, "one")],
    ],
)
def test_keys_of_another_type_or_use_are_ignored(make_driver: Make, provider: HostileProvider, keys: list[Any]) -> None:
    provider.keys = keys
    with pytest.raises(AuthenticationRejected):
        make_driver().whole()


@pytest.mark.filterwarnings("ignore:.*2048")
def test_weak_key_is_refused(make_driver: Make, provider: HostileProvider) -> None:
    provider.keys = [public(WEAK_RSA_KEY, "one")]
    provider.sign = rs(key=WEAK_RSA_KEY)
    with pytest.raises(AuthenticationRejected):
        make_driver().whole()
