"""Valid and invalid Globus tokens, the login with Globus, and groups."""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from plugins.user_authentication.globus.conftest import CALLBACK
from plugins.user_authentication.globus.globus_service import (
    ADA_IDENTITY,
    CLIENT,
    OTHER_CLIENT,
    REDIRECT_TARGET,
    RESEARCHERS,
    TRANSFER,
    VIEW_GROUPS,
    GlobusService,
)
from user_workspaces.errors import (
    AuthenticationRejected,
    InvalidRequest,
    NotAllowed,
    ResourceUnavailable,
)
from user_workspaces.plugins.user_authentication.globus import GlobusUserAuthentication

Make = Callable[..., GlobusUserAuthentication]


def test_valid_token_identifies_the_user(plugin: Make, globus: GlobusService) -> None:
    assert plugin().authenticate({"auth_token": globus.issue()}) == ADA_IDENTITY
    assert plugin().redirect({"auth_token": "x"}) is None


@pytest.mark.parametrize("credentials", [{}, {"auth_token": ""}, {"auth_token": None}, {"client_token": "x"}])
def test_missing_token_is_reported(plugin: Make, credentials: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=r"^Missing auth_token\.$"):
        plugin().authenticate(credentials)


@pytest.mark.parametrize("credentials", [{"redirect_url": ""}, {"redirect_url": None}, {"redirect_url": []}])
def test_missing_redirect_url_is_reported(plugin: Make, credentials: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=r"^Missing redirect url\.$"):
        plugin().redirect(credentials)


@pytest.mark.parametrize("token", [5, ["x"], {"a": 1}, "x" * 5000, "a\0b"])
def test_malformed_token_is_refused(plugin: Make, globus: GlobusService, token: object) -> None:
    with pytest.raises(InvalidRequest):
        plugin().authenticate({"auth_token": token})
    assert globus.calls == []


@pytest.mark.parametrize("token", ["unknown", "a b", "tök", "a\r\nX: y"])
def test_unknown_token_is_refused(plugin: Make, token: str) -> None:
    with pytest.raises(AuthenticationRejected, match=r"^Incorrect authentication credentials\.$"):
        plugin().authenticate({"auth_token": token})


BAD: dict[str, dict[str, Any]] = {
    "of another client": {"client": OTHER_CLIENT},
    "for another service": {"scope": TRANSFER},
    "for no service of groups": {"scope": "openid profile"},
    "expired": {"seconds": -120},
    "of a program": {"sub": CLIENT},
}


@pytest.mark.parametrize("token", BAD.values(), ids=BAD)
def test_token_for_another_service_is_refused(plugin: Make, globus: GlobusService, token: dict[str, Any]) -> None:
    with pytest.raises(AuthenticationRejected):
        plugin().authenticate({"auth_token": globus.issue(**token)})


ODD: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "another audience": {"aud": ["groups.api.globus.org"]},
    "an audience that is text": {"aud": CLIENT},
    "not active": {"active": False},
    "active as text": {"active": "true"},
    "not yet good": {"nbf": int(time.time()) + 3600},
    "no end": {"exp": None},
    "an end that is text": {"exp": "9999999999"},
    "no subject": {"sub": None},
    "a number": {"sub": 5},
    "a NUL": {"sub": "a\0b"},
    "no scope": {"scope": None},
}


@pytest.mark.parametrize("further", ODD.values(), ids=ODD)
def test_invalid_introspection_is_refused(plugin: Make, globus: GlobusService, further: dict[str, Any]) -> None:
    globus.further = further
    with pytest.raises(AuthenticationRejected):
        plugin().authenticate({"auth_token": globus.issue()})


def test_scope_of_the_site_can_be_configured(plugin: Make, globus: GlobusService) -> None:
    own = "https://auth.globus.org/scopes/2f7b8a9e/login"
    uws = plugin(token_scopes=[own])
    assert uws.authenticate({"auth_token": globus.issue(own)}) == ADA_IDENTITY
    with pytest.raises(AuthenticationRejected):
        uws.authenticate({"auth_token": globus.issue(VIEW_GROUPS)})


MEMBERSHIPS: dict[str, tuple[dict[str, str], bool]] = {
    "active": ({RESEARCHERS: "active"}, True),
    "of several": ({"other": "active", RESEARCHERS: "active"}, True),
    "invited": ({RESEARCHERS: "invited"}, False),
    "pending": ({RESEARCHERS: "pending"}, False),
    "removed": ({RESEARCHERS: "removed"}, False),
    "another": ({"other": "active"}, False),
    "none": ({}, False),
}


@pytest.mark.parametrize(("memberships", "is_good"), MEMBERSHIPS.values(), ids=MEMBERSHIPS)
def test_only_active_members_may_log_in(
    plugin: Make, globus: GlobusService, memberships: dict[str, str], *, is_good: bool
) -> None:
    globus.memberships = memberships
    uws = plugin(allowed_groups=[RESEARCHERS])
    if is_good:
        assert uws.authenticate({"auth_token": globus.issue()}) == ADA_IDENTITY
        return
    with pytest.raises(NotAllowed, match="not a member of a group"):
        uws.authenticate({"auth_token": globus.issue()})


GROUPS_PATH, INTROSPECT_PATH, TOKEN_PATH = "/v2/groups/my_groups", "/v2/oauth2/token/introspect", "/v2/oauth2/token"
BROKEN: list[tuple[int, bytes]] = [
    (500, b"{}"),
    (502, b"<html>"),
    (429, b"{}"),
    (404, b"{}"),
    (200, b"<html>"),
    (200, b""),
    (200, b'"x"'),
    (200, b"7"),
]


@pytest.mark.parametrize("response", [*BROKEN, (200, b"{}")])
def test_login_without_a_response_about_groups_is_refused(
    plugin: Make, globus: GlobusService, response: tuple[int, bytes]
) -> None:
    globus.responses[GROUPS_PATH] = response
    with pytest.raises(ResourceUnavailable):
        plugin(allowed_groups=[RESEARCHERS]).authenticate({"auth_token": globus.issue()})


@pytest.mark.parametrize(
    "response",
    [b"[]", b"[1, null]", b'[{"id": "%s"}]', b'[{"id": "%s", "my_memberships": [7, {"status": "x"}]}]'],
)
def test_malformed_groups_are_ignored(plugin: Make, globus: GlobusService, response: bytes) -> None:
    globus.responses[GROUPS_PATH] = (200, response.replace(b"%s", RESEARCHERS.encode()))
    with pytest.raises(NotAllowed):
        plugin(allowed_groups=[RESEARCHERS]).authenticate({"auth_token": globus.issue()})


@pytest.mark.parametrize("status", [401, 403])
def test_token_that_may_not_read_groups_is_refused(plugin: Make, globus: GlobusService, status: int) -> None:
    globus.responses[GROUPS_PATH] = (status, b'{"code": "INVALID_TOKEN"}')
    with pytest.raises(NotAllowed):
        plugin(allowed_groups=[RESEARCHERS]).authenticate({"auth_token": globus.issue()})


def test_token_of_another_service_has_no_groups(plugin: Make, globus: GlobusService) -> None:
    uws = plugin(allowed_groups=[RESEARCHERS], token_scopes=["openid"])
    with pytest.raises(NotAllowed):
        uws.authenticate({"auth_token": globus.issue("openid")})
    assert GROUPS_PATH not in globus.calls


@pytest.mark.parametrize("response", [*BROKEN, (401, b"{}"), (403, b"{}"), (200, b"[]")])
def test_login_without_introspection_is_refused(
    plugin: Make, globus: GlobusService, response: tuple[int, bytes]
) -> None:
    globus.responses[INTROSPECT_PATH] = response
    with pytest.raises(ResourceUnavailable, match="Globus"):
        plugin().authenticate({"auth_token": globus.issue()})


# The login with Globus


def begin(uws: GlobusUserAuthentication) -> tuple[str, str]:
    away = uws.redirect({"redirect_url": CALLBACK})
    assert away is not None
    return away.auth_uri, away.state


@pytest.mark.parametrize("groups", [None, [RESEARCHERS]])
def test_login_succeeds(plugin: Make, globus: GlobusService, groups: list[str] | None) -> None:
    uws = plugin(allowed_groups=groups)
    address, state = begin(uws)
    query = parse_qs(urlsplit(address).query)
    assert address.startswith(f"{globus.url}/v2/oauth2/authorize?")
    assert query["scope"] == ["openid profile email" + (f" {VIEW_GROUPS}" if groups else "")]
    back = {"redirect_url": CALLBACK, "code": globus.code_for(address), "state": state}
    assert uws.authenticate(back) == ADA_IDENTITY
    with pytest.raises(AuthenticationRejected, match="unknown or has expired"):
        uws.authenticate(back)


def test_wrong_verifier_is_refused(plugin: Make, globus: GlobusService) -> None:
    uws = plugin()
    (first, _), (_, second) = begin(uws), begin(uws)
    with pytest.raises(AuthenticationRejected, match="Incorrect"):
        uws.authenticate({"redirect_url": CALLBACK, "code": globus.code_for(first), "state": second})


@pytest.mark.parametrize(
    "change",
    [{"state": "made-up"}, {"state": ""}, {"code": ""}, {"code": "x" * 5000}, {"redirect_url": "https://evil.example/"},
     {"iss": "https://evil.example"}, {"code": ["x"]}, {"state": 5}],
)  # fmt: skip
def test_invalid_callback_is_refused_before_a_request_to_globus(
    plugin: Make, globus: GlobusService, change: dict[str, Any]
) -> None:
    uws = plugin()
    address, state = begin(uws)
    with pytest.raises((AuthenticationRejected, InvalidRequest)):
        uws.authenticate({"redirect_url": CALLBACK, "code": globus.code_for(address), "state": state, **change})
    assert globus.calls == []


def test_state_is_optional_if_so_configured(plugin: Make, globus: GlobusService) -> None:
    uws = plugin(accept_missing_state=True)
    address, _ = begin(uws)
    assert uws.authenticate({"redirect_url": CALLBACK, "code": globus.code_for(address)}) == ADA_IDENTITY


@pytest.mark.parametrize("response", [*BROKEN, (200, b"[]"), (200, b"{}"), (200, b'{"other_tokens": [5]}')])
def test_invalid_token_response_is_refused(plugin: Make, globus: GlobusService, response: tuple[int, bytes]) -> None:
    uws = plugin()
    address, state = begin(uws)
    globus.responses[TOKEN_PATH] = response
    with pytest.raises((AuthenticationRejected, ResourceUnavailable)):
        uws.authenticate({"redirect_url": CALLBACK, "code": globus.code_for(address), "state": state})


def test_code_is_not_sent_to_where_a_redirect_points(plugin: Make, globus: GlobusService) -> None:
    uws = plugin()
    address, state = begin(uws)
    globus.responses[TOKEN_PATH] = (302, b"")
    with pytest.raises(ResourceUnavailable):
        uws.authenticate({"redirect_url": CALLBACK, "code": globus.code_for(address), "state": state})
    assert REDIRECT_TARGET not in globus.calls
