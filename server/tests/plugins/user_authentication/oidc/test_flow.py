"""The authorization code flow: the redirect, the callback, and callbacks that are refused."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from plugins.user_authentication.oidc.hostile import (
    CALLBACK,
    CLIENT_PAGE,
    RSA_KEY,
    HostileProvider,
    LoginDriver,
    public,
)
from user_workspaces.errors import AuthenticationRejected, InvalidRequest, ResourceUnavailable
from user_workspaces.interfaces.values import Identity

Make = Callable[..., LoginDriver]


def test_login_succeeds(make_driver: Make, provider: HostileProvider) -> None:
    uws = make_driver()
    query = uws.begin()
    assert {name: query[name] for name in ("response_type", "client_id", "redirect_uri", "scope")} == {
        "response_type": "code",
        "client_id": "uws",
        "redirect_uri": CLIENT_PAGE,
        "scope": "openid profile email",
    }
    assert query["code_challenge_method"] == "S256"
    assert uws.finish(query) == Identity(
        issuer=provider.url,
        subject="248289761001",
        username="ada",
        email="ada@example.org",
        first_name="Ada",
        last_name="Lovelace",
        is_proven=True,
    )
    sent = provider.forms[0]
    digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    assert (sent["code"], sent["redirect_uri"], sent["grant_type"]) == ("a-code", CLIENT_PAGE, "authorization_code")
    assert "client_secret" not in sent
    assert uws.memory.seconds == [600]


def test_logins_do_not_share_secrets(make_driver: Make) -> None:
    uws = make_driver()
    first, second = uws.begin(), uws.begin()
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
        assert len(first[name]) >= 43


def test_login_cannot_be_replayed(make_driver: Make) -> None:
    uws = make_driver()
    query = uws.begin()
    uws.finish(query)
    with pytest.raises(AuthenticationRejected, match="unknown or has expired"):
        uws.finish(query)


def test_state_is_used_up_by_a_rejected_login(make_driver: Make, provider: HostileProvider) -> None:
    uws = make_driver()
    query = uws.begin()
    provider.claims = {"nonce": "another"}
    with pytest.raises(AuthenticationRejected, match="Incorrect"):
        uws.finish(query)
    provider.claims = {}
    with pytest.raises(AuthenticationRejected, match="unknown or has expired"):
        uws.finish(query)


@pytest.mark.parametrize("state", ["", "made-up", "x" * 4097, 5, ["s"], "a\0b"])
def test_unknown_state_is_refused_before_a_request_to_the_provider(
    make_driver: Make, provider: HostileProvider, state: object
) -> None:
    uws = make_driver()
    query = uws.begin()
    with pytest.raises((AuthenticationRejected, InvalidRequest)):
        uws.finish(query, state=state)
    assert provider.forms == []


def test_state_is_bound_to_its_redirect_url(make_driver: Make, provider: HostileProvider) -> None:
    uws = make_driver()
    query = uws.begin(CALLBACK)
    with pytest.raises(AuthenticationRejected):
        uws.finish({**query, "redirect_uri": CLIENT_PAGE})
    assert provider.forms == []


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/back",
        CLIENT_PAGE + "/",
        CLIENT_PAGE + "?x=1",
        CLIENT_PAGE.upper(),
        CLIENT_PAGE.replace("https", "http"),
        "//portal.example.org/back",
        "javascript:alert(1)",
        7,
        [CLIENT_PAGE],
        {"a": 1},
    ],
)
def test_redirect_url_that_is_not_allowed_is_refused(make_driver: Make, url: object) -> None:
    for further in ({}, {"code": "c", "state": "s"}):
        with pytest.raises(InvalidRequest, match="not one of those"):
            (make_driver().plugin.authenticate if further else make_driver().plugin.redirect)(
                {"redirect_url": url, **further}
            )


@pytest.mark.parametrize("credentials", [{}, {"redirect_url": ""}, {"redirect_url": None}, {"client_token": "x"}])
def test_missing_redirect_url_is_reported(make_driver: Make, credentials: dict[str, Any]) -> None:
    for ask in (make_driver().plugin.redirect, make_driver().plugin.authenticate):
        with pytest.raises(InvalidRequest, match=r"^Missing redirect url\.$"):
            ask(credentials)


def test_response_of_another_provider_is_refused(make_driver: Make, provider: HostileProvider) -> None:
    """Mix-up attack: a code of one provider must never be sent to another one."""
    uws = make_driver()
    with pytest.raises(AuthenticationRejected):
        uws.finish(uws.begin(), iss="https://evil.example")
    assert provider.forms == []
    assert uws.finish(uws.begin(), iss=provider.url) is not None


def test_provider_that_announces_iss_must_send_it(make_driver: Make, provider: HostileProvider) -> None:
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    uws = make_driver()
    with pytest.raises(AuthenticationRejected):
        uws.finish(uws.begin(CALLBACK))
    assert uws.finish(uws.begin(CALLBACK), iss=provider.url) is not None


def test_state_is_optional_if_so_configured(make_driver: Make, provider: HostileProvider) -> None:
    strict, lenient = make_driver(), make_driver(accept_missing_state=True)
    with pytest.raises(InvalidRequest, match="Missing state"):
        strict.finish({**strict.begin(), "state": ""})
    query = lenient.begin()
    assert lenient.finish({**query, "state": ""}) is not None
    digest = hashlib.sha256(provider.forms[-1]["code_verifier"].encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_given_state_is_checked_although_optional(make_driver: Make, provider: HostileProvider) -> None:
    uws = make_driver(accept_missing_state=True)
    query = uws.begin()
    provider.nonce = "another"
    with pytest.raises(AuthenticationRejected):
        uws.finish(query)


HTML = (200, {"Content-Type": "text/html"}, b"<html>Please wait</html>")
ODD: dict[str, Any] = {
    "html": HTML,
    "not found": (404, {}, b"{}"),
    "broken": (500, {}, b"{}"),
    "a list": b"[]",
    "a number": b"7",
    "null": b"null",
    "nothing": b"",
    "deep": b"[" * 100_000,
    "large": b'{"a": "' + b"x" * 2_000_000 + b'"}',
    "redirect": (302, {"Location": "https://evil.example/"}, b""),
    "redirect with tokens": (302, {"Location": "https://evil.example/"}, b'{"access_token": "a", "id_token": "x"}'),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys"])
def test_invalid_responses_are_errors_of_the_service(
    make_driver: Make, provider: HostileProvider, path: str, odd: object
) -> None:
    uws = make_driver()
    if path == "/keys":
        query = uws.begin()
    provider.responses[path] = odd
    with pytest.raises(ResourceUnavailable, match="login service"):
        uws.finish(query) if path == "/keys" else uws.begin()
    assert (path == "/keys") != (uws.memory.kept == {} and uws.memory.seconds == [])


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_invalid_token_response_is_refused(make_driver: Make, provider: HostileProvider, odd: object) -> None:
    uws = make_driver()
    query = uws.begin()
    provider.responses["/token"] = odd
    with pytest.raises((ResourceUnavailable, AuthenticationRejected)):
        uws.finish(query)


@pytest.mark.parametrize("status", [200, 400, 401])
def test_code_that_the_provider_rejects_is_refused(make_driver: Make, provider: HostileProvider, status: int) -> None:
    provider.responses["/token"] = (status, {"Content-Type": "application/json"}, b'{"error": "invalid_grant"}')
    with pytest.raises(AuthenticationRejected, match=r"^Incorrect authentication credentials\.$"):
        make_driver().whole()


@pytest.mark.parametrize("response", [{}, {"access_token": 5}, {"access_token": "a"}, {"id_token": "x"}])
def test_incomplete_token_response_is_refused(
    make_driver: Make, provider: HostileProvider, response: dict[str, Any]
) -> None:
    provider.responses["/token"] = json.dumps(response).encode()
    with pytest.raises((AuthenticationRejected, ResourceUnavailable)):
        make_driver().whole()


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"token_endpoint": "http://evil.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": ""},
        {"jwks_uri": 5},
        {"userinfo_endpoint": "ftp://evil.example/"},
        {"token_endpoint": "https://[broken/"},
    ],
)
def test_unsafe_discovery_document_is_refused(
    make_driver: Make, provider: HostileProvider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    with pytest.raises(ResourceUnavailable):
        make_driver().begin()


def test_provider_outage_is_reported_and_ends(make_driver: Make, provider: HostileProvider) -> None:
    uws = make_driver()
    provider.responses["/.well-known/openid-configuration"] = (503, {}, b"")
    assert not uws.plugin.check().connected
    with pytest.raises(ResourceUnavailable):
        uws.begin()
    provider.responses.clear()
    assert uws.whole() is not None


def test_health_is_cached_and_holds_no_secret(make_driver: Make, provider: HostileProvider) -> None:
    uws = make_driver()
    found = [uws.plugin.check() for _ in range(50)]
    assert all(health.connected for health in found)
    assert provider.calls.count("/.well-known/openid-configuration") == 1
    assert provider.url not in found[0].message
    assert "s3cret" not in repr(uws.plugin._details) + found[0].message


def test_unknown_key_id_fetches_the_keys_again(
    make_driver: Make, provider: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("user_workspaces.plugins.user_authentication.oidc.provider.REFRESH_SECONDS", -1.0)
    uws = make_driver()
    provider.keys = [public(RSA_KEY, "old")]
    with pytest.raises(AuthenticationRejected):
        uws.whole()
    provider.keys = [public(RSA_KEY, "one")]
    assert uws.whole() is not None


def test_keys_are_not_fetched_for_each_unknown_key_id(make_driver: Make, provider: HostileProvider) -> None:
    uws = make_driver()
    assert uws.whole() is not None
    provider.keys = []
    assert uws.whole() is not None
    provider.sign = lambda _: "eyJhbGciOiJSUzI1NiIsImtpZCI6ImIifQ.e30.AA"
    for _ in range(5):
        with pytest.raises(AuthenticationRejected):
            uws.whole()
    assert provider.calls.count("/keys") == 1
