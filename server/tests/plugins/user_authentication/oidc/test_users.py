"""Who may come, under which name, with which account; and options that stop the start."""

import json
import os
import pwd
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from plugins.user_authentication.oidc.hostile import HostileProvider, SignIn
from user_workspaces.errors import AuthenticationRejected, ConfigurationError, NotAllowed
from user_workspaces.interfaces.values import Identity

Make = Callable[..., SignIn]
SUBJECT = "248289761001"


def name_of(identity: Identity | None) -> str:
    assert identity is not None
    return identity.username


@pytest.mark.parametrize("name", ["ada", "Ada", "a_b-c9", "_x", "a" * 32])
def test_a_name_that_fits_is_taken(sign_in: Make, provider: HostileProvider, name: str) -> None:
    provider.claims = {"preferred_username": name}
    assert name_of(sign_in().whole()) == name.lower()


@pytest.mark.parametrize(
    "name",
    ["", "9ada", "ada lovelace", "ada@example.org", "../ada", "a" * 33, "\u0430da", "\u00e4da", "ada\n", 5, ["ada"]],
)
def test_a_name_that_no_account_can_have_is_refused(sign_in: Make, provider: HostileProvider, name: object) -> None:
    """Also one that only looks like another: the a of the Cyrillic alphabet is none of ours."""
    provider.claims = {"preferred_username": name}
    with pytest.raises(NotAllowed, match="cannot be a user name"):
        sign_in().whole()


@pytest.mark.parametrize("name", ["root", "daemon", "nobody"])
def test_a_name_of_the_system_is_refused(sign_in: Make, provider: HostileProvider, name: str) -> None:
    provider.claims = {"preferred_username": name}
    with pytest.raises(NotAllowed, match="belongs to the system"):
        sign_in().whole()


@pytest.mark.parametrize(
    ("name", "is_good"),
    [
        ("ada@uni.example", True),
        ("Ada@UNI.example", True),
        ("ada@evil.example", False),
        ("ada", False),
        ("ada@uni.example@evil.example", False),
        ("ada@evil.example@uni.example", False),
        ("@uni.example", False),
    ],
)
def test_a_name_with_a_domain_has_to_have_ours(
    sign_in: Make, provider: HostileProvider, name: str, *, is_good: bool
) -> None:
    provider.claims = {"upn": name}
    uws = sign_in(username_claim="upn", username_domain="uni.example")
    if is_good:
        assert name_of(uws.whole()) == "ada"
        return
    with pytest.raises(NotAllowed):
        uws.whole()


@pytest.mark.parametrize(
    ("groups", "is_good"),
    [
        (["researchers"], True),
        (["x", "staff"], True),
        (["x"], False),
        ([], False),
        (None, False),
        ("researchers", False),
        ({"researchers": True}, False),
        ([["researchers"]], False),
    ],
)
def test_groups_are_asked_for_and_closed_without(
    sign_in: Make, provider: HostileProvider, groups: object, *, is_good: bool
) -> None:
    provider.claims = {"groups": groups}
    uws = sign_in(allowed_groups=["researchers", "staff"])
    if is_good:
        assert uws.whole() is not None
        return
    with pytest.raises(NotAllowed, match="none of the groups"):
        uws.whole()


def test_an_empty_list_of_groups_lets_nobody_in(sign_in: Make, provider: HostileProvider) -> None:
    provider.claims = {"groups": ["researchers"]}
    with pytest.raises(NotAllowed):
        sign_in(allowed_groups=[]).whole()


def test_what_the_token_leaves_out_is_asked_of_userinfo(sign_in: Make, provider: HostileProvider) -> None:
    provider.claims = {"preferred_username": None}
    provider.userinfo = {"preferred_username": "grace", "groups": ["staff"], "email": "evil@example.org"}
    identity = sign_in(allowed_groups=["staff"]).whole()
    assert identity is not None
    assert (identity.username, identity.email) == ("grace", "ada@example.org")


def test_userinfo_about_somebody_else_is_refused(sign_in: Make, provider: HostileProvider) -> None:
    provider.claims = {"preferred_username": None}
    provider.userinfo = {"preferred_username": "grace", "sub": "another"}
    with pytest.raises(AuthenticationRejected):
        sign_in().whole()


@pytest.mark.parametrize(
    ("claims", "email"),
    [
        ({}, "ada@example.org"),
        ({"email_verified": True}, "ada@example.org"),
        ({"email_verified": False}, ""),
        ({"email": None}, ""),
        ({"email": "a\0@b"}, ""),
        ({"email": "a" * 255}, ""),
        ({"email": ["a"]}, ""),
    ],
)
def test_an_email_that_nobody_looked_at_is_left_out(
    sign_in: Make, provider: HostileProvider, claims: dict[str, Any], email: str
) -> None:
    provider.claims = claims
    identity = sign_in().whole()
    assert identity is not None
    assert identity.email == email


def test_with_a_list_of_accounts_the_list_decides(sign_in: Make, provider: HostileProvider) -> None:
    assert name_of(sign_in(accounts={SUBJECT: "lovelace"}).whole()) == "lovelace"
    with pytest.raises(NotAllowed, match="no account on this server"):
        sign_in(accounts={"another": "ada"}).whole()


def test_a_list_in_a_file_is_read_anew_and_closed_when_it_is_broken(sign_in: Make, tmp_path: Path) -> None:
    listed = tmp_path / "accounts.json"
    listed.write_text(json.dumps({SUBJECT: "lovelace"}))
    uws = sign_in(accounts_file="accounts.json")
    identity = uws.whole()
    assert name_of(identity) == "lovelace"
    assert identity is not None
    for broken in ("{}", "[", '{"x": 5}', '{"x": "Bad Name"}', "[]"):
        listed.write_text(broken)
        with pytest.raises(NotAllowed):
            uws.whole()
        with pytest.raises(NotAllowed):
            uws.plugin.account_for(identity)


def test_an_account_is_that_of_the_machine(sign_in: Make) -> None:
    identity = sign_in().whole()
    assert identity is not None
    nobody = replace(identity, username="uws-there-is-none")
    if os.geteuid() != 0:
        own = pwd.getpwuid(os.geteuid())
        assert sign_in().plugin.account_for(nobody).name == own.pw_name
        return
    with pytest.raises(NotAllowed, match="no account on this machine"):
        sign_in().plugin.account_for(nobody)
    for name in ("root", "daemon", "nobody"):
        with pytest.raises(NotAllowed, match="account of the system"):
            sign_in().plugin.account_for(replace(identity, username=name))


def test_the_account_of_a_list_is_for_that_subject_alone(sign_in: Make) -> None:
    uws = sign_in(accounts={SUBJECT: "lovelace"})
    for wrong in (Identity("elsewhere", SUBJECT, "lovelace"), Identity(uws.plugin.issuer, "other", "lovelace")):
        with pytest.raises(NotAllowed, match="no account on this server"):
            uws.plugin.account_for(wrong)


@pytest.mark.parametrize(
    "details",
    [
        {"issuer": "http://provider.example.org"},
        {"issuer": "https://provider.example.org/?x=1"},
        {"issuer": "not an address"},
        {"client_id": ""},
        {"scopes": ["profile"]},
        {"accounts": {"1": "Bad Name"}},
        {"accounts": {"1": "ada"}, "accounts_file": "a.json"},
        {"allowed_redirect_urls": ["http://portal.example.org/"]},
        {"accept_missing_state": True, "client_secret_env": ""},
        {"client_secret": "never here"},
    ],
)
def test_options_that_cannot_be_stop_the_start(sign_in: Make, details: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        sign_in(**details)


@pytest.mark.parametrize("details", [{"client_secret_env": "OIDC_NOT_SET"}, {"accounts_file": "not-there.json"}])
def test_what_is_not_there_stops_the_start(sign_in: Make, details: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="connection_details"):
        sign_in(**details)
