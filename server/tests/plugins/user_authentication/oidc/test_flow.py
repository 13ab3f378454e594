"""The code flow: what goes away, what comes back, and what does not count as coming back."""

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from plugins.user_authentication.oidc.hostile import CALLBACK, CLIENT_PAGE, RSA_KEY, HostileProvider, SignIn, public
from user_workspaces.errors import AuthenticationRejected, InvalidRequest, ResourceUnavailable
from user_workspaces.interfaces.values import Identity

Make = Callable[..., SignIn]


def test_the_way_there_and_back(sign_in: Make, provider: HostileProvider) -> None:
    uws = sign_in()
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


def test_no_two_log_ins_share_a_secret(sign_in: Make) -> None:
    uws = sign_in()
    first, second = uws.begin(), uws.begin()
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]
        assert len(first[name]) >= 43


def test_the_secret_goes_where_the_provider_wants_it(sign_in: Make, provider: HostileProvider) -> None:
    provider.metadata = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    sign_in().whole()
    assert provider.forms[0]["client_secret"] == "s3cret"


def test_a_public_client_sends_none(sign_in: Make, provider: HostileProvider) -> None:
    sign_in(client_secret_env="").whole()
    assert provider.forms[0]["client_id"] == "uws"
    assert "client_secret" not in provider.forms[0]


def test_nothing_can_be_replayed(sign_in: Make) -> None:
    uws = sign_in()
    query = uws.begin()
    uws.finish(query)
    with pytest.raises(AuthenticationRejected, match="not begun here"):
        uws.finish(query)


def test_a_state_is_used_up_by_a_refusal_too(sign_in: Make, provider: HostileProvider) -> None:
    uws = sign_in()
    query = uws.begin()
    provider.claims = {"nonce": "another"}
    with pytest.raises(AuthenticationRejected, match="Incorrect"):
        uws.finish(query)
    provider.claims = {}
    with pytest.raises(AuthenticationRejected, match="not begun here"):
        uws.finish(query)


@pytest.mark.parametrize("state", ["", "made-up", "x" * 4097, 5, ["s"], "a\0b"])
def test_a_state_that_is_not_ours_is_refused_before_the_provider_is_asked(
    sign_in: Make, provider: HostileProvider, state: object
) -> None:
    uws = sign_in()
    query = uws.begin()
    with pytest.raises((AuthenticationRejected, InvalidRequest)):
        uws.finish(query, state=state)
    assert provider.forms == []


def test_the_state_of_one_redirect_url_is_none_for_another(sign_in: Make, provider: HostileProvider) -> None:
    uws = sign_in()
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
def test_a_redirect_url_that_nobody_allowed_is_refused(sign_in: Make, url: object) -> None:
    for further in ({}, {"code": "c", "state": "s"}):
        with pytest.raises(InvalidRequest, match="not among those"):
            (sign_in().plugin.authenticate if further else sign_in().plugin.redirect)({"redirect_url": url, **further})


@pytest.mark.parametrize("credentials", [{}, {"redirect_url": ""}, {"redirect_url": None}, {"client_token": "x"}])
def test_a_missing_redirect_url_is_told(sign_in: Make, credentials: dict[str, Any]) -> None:
    for ask in (sign_in().plugin.redirect, sign_in().plugin.authenticate):
        with pytest.raises(InvalidRequest, match=r"^Missing redirect url\.$"):
            ask(credentials)


def test_a_browser_that_another_provider_sent_is_refused(sign_in: Make, provider: HostileProvider) -> None:
    """The mix-up: a code of one provider must never be given to another one."""
    uws = sign_in()
    with pytest.raises(AuthenticationRejected):
        uws.finish(uws.begin(), iss="https://evil.example")
    assert provider.forms == []
    assert uws.finish(uws.begin(), iss=provider.url) is not None


def test_a_provider_that_names_itself_always_has_to(sign_in: Make, provider: HostileProvider) -> None:
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    uws = sign_in()
    with pytest.raises(AuthenticationRejected):
        uws.finish(uws.begin(CALLBACK))
    assert uws.finish(uws.begin(CALLBACK), iss=provider.url) is not None


def test_old_clients_may_leave_out_the_state_where_the_operator_says_so(
    sign_in: Make, provider: HostileProvider
) -> None:
    strict, lenient = sign_in(), sign_in(accept_missing_state=True)
    with pytest.raises(InvalidRequest, match="Missing state"):
        strict.finish({**strict.begin(), "state": ""})
    query = lenient.begin()
    assert lenient.finish({**query, "state": ""}) is not None
    digest = hashlib.sha256(provider.forms[-1]["code_verifier"].encode()).digest()
    assert query["code_challenge"] == base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def test_with_a_state_all_is_checked_there_too(sign_in: Make, provider: HostileProvider) -> None:
    uws = sign_in(accept_missing_state=True)
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
    "elsewhere": (302, {"Location": "https://evil.example/"}, b""),
}


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/keys"])
def test_odd_answers_are_a_fault_of_the_service(
    sign_in: Make, provider: HostileProvider, path: str, odd: object
) -> None:
    uws = sign_in()
    if path == "/keys":
        query = uws.begin()
    provider.responses[path] = odd
    with pytest.raises(ResourceUnavailable, match="log-in service"):
        uws.finish(query) if path == "/keys" else uws.begin()
    assert (path == "/keys") != (uws.memory.kept == {} and uws.memory.seconds == [])


@pytest.mark.parametrize("odd", ODD.values(), ids=ODD)
def test_odd_answers_to_a_code_log_nobody_in(sign_in: Make, provider: HostileProvider, odd: object) -> None:
    uws = sign_in()
    query = uws.begin()
    provider.responses["/token"] = odd
    with pytest.raises((ResourceUnavailable, AuthenticationRejected)):
        uws.finish(query)


@pytest.mark.parametrize("status", [200, 400, 401])
def test_a_code_that_the_provider_refuses_is_refused(sign_in: Make, provider: HostileProvider, status: int) -> None:
    provider.responses["/token"] = (status, {"Content-Type": "application/json"}, b'{"error": "invalid_grant"}')
    with pytest.raises(AuthenticationRejected, match=r"^Incorrect authentication credentials\.$"):
        sign_in().whole()


@pytest.mark.parametrize("response", [{}, {"access_token": 5}, {"access_token": "a"}, {"id_token": "x"}])
def test_an_answer_without_its_parts_is_refused(
    sign_in: Make, provider: HostileProvider, response: dict[str, Any]
) -> None:
    provider.responses["/token"] = json.dumps(response).encode()
    with pytest.raises((AuthenticationRejected, ResourceUnavailable)):
        sign_in().whole()


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
def test_a_document_that_sends_secrets_elsewhere_is_none(
    sign_in: Make, provider: HostileProvider, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    with pytest.raises(ResourceUnavailable):
        sign_in().begin()


def test_a_provider_that_is_away_is_told_and_found_again(sign_in: Make, provider: HostileProvider) -> None:
    uws = sign_in()
    provider.responses["/.well-known/openid-configuration"] = (503, {}, b"")
    assert not uws.plugin.check().connected
    with pytest.raises(ResourceUnavailable):
        uws.begin()
    provider.responses.clear()
    assert uws.whole() is not None


def test_the_health_is_looked_at_once_in_a_while_and_says_no_secret(sign_in: Make, provider: HostileProvider) -> None:
    uws = sign_in()
    found = [uws.plugin.check() for _ in range(50)]
    assert all(health.connected for health in found)
    assert provider.calls.count("/.well-known/openid-configuration") == 1
    assert provider.url not in found[0].message
    assert "s3cret" not in repr(uws.plugin._details) + found[0].message


def test_a_new_key_is_looked_for_when_it_is_needed(
    sign_in: Make, provider: HostileProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("user_workspaces.plugins.user_authentication.oidc.provider.REFRESH_SECONDS", -1.0)
    uws = sign_in()
    provider.keys = [public(RSA_KEY, "old")]
    with pytest.raises(AuthenticationRejected):
        uws.whole()
    provider.keys = [public(RSA_KEY, "one")]
    assert uws.whole() is not None


def test_keys_are_not_asked_for_again_and_again(sign_in: Make, provider: HostileProvider) -> None:
    uws = sign_in()
    assert uws.whole() is not None
    provider.keys = []
    assert uws.whole() is not None
    provider.sign = lambda _: "eyJhbGciOiJSUzI1NiIsImtpZCI6ImIifQ.e30.AA"
    for _ in range(5):
        with pytest.raises(AuthenticationRejected):
            uws.whole()
    assert provider.calls.count("/keys") == 1
