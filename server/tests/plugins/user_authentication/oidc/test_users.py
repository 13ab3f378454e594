"""Admission, user names and accounts of users; options that stop the start."""

import json
import os
import pwd
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from plugins.user_authentication.oidc.hostile import HostileProvider, LoginDriver
from user_workspaces.errors import AuthenticationRejected, ConfigurationError, NotAllowed
from user_workspaces.interfaces.values import Identity

Make = Callable[..., LoginDriver]
SUBJECT = "248289761001"


def name_of(identity: Identity | None) -> str:
    assert identity is not None
    return identity.username


@pytest.mark.parametrize("name", ["ada", "Ada", "a_b-c9", "_x", "a" * 32])
def test_valid_name_is_used(make_driver: Make, provider: HostileProvider, name: str) -> None:
    provider.claims = {"preferred_username": name}
    assert name_of(make_driver().whole()) == name.lower()


@pytest.mark.parametrize(
    "name",
    ["", "9ada", "ada lovelace", "ada@example.org", "../ada", "a" * 33, "\u0430da", "\u00e4da", "ada\n", 5, ["ada"]],
)
def test_invalid_name_is_refused(make_driver: Make, provider: HostileProvider, name: object) -> None:
    """Also one that only looks like another: the a of the Cyrillic alphabet is none of ours."""
    provider.claims = {"preferred_username": name}
    with pytest.raises(NotAllowed, match="cannot be used as a user name"):
        make_driver().whole()


@pytest.mark.parametrize("name", ["root", "daemon", "nobody"])
def test_system_name_is_refused(make_driver: Make, provider: HostileProvider, name: str) -> None:
    provider.claims = {"preferred_username": name}
    with pytest.raises(NotAllowed, match="belongs to the system"):
        make_driver().whole()


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
def test_name_must_have_the_configured_domain(
    make_driver: Make, provider: HostileProvider, name: str, *, is_good: bool
) -> None:
    provider.claims = {"upn": name}
    uws = make_driver(username_claim="upn", username_domain="uni.example")
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
def test_only_members_of_an_allowed_group_may_log_in(
    make_driver: Make, provider: HostileProvider, groups: object, *, is_good: bool
) -> None:
    provider.claims = {"groups": groups}
    uws = make_driver(allowed_groups=["researchers", "staff"])
    if is_good:
        assert uws.whole() is not None
        return
    with pytest.raises(NotAllowed, match="not a member of a group"):
        uws.whole()


def test_empty_list_of_groups_admits_no_user(make_driver: Make, provider: HostileProvider) -> None:
    provider.claims = {"groups": ["researchers"]}
    with pytest.raises(NotAllowed):
        make_driver(allowed_groups=[]).whole()


def test_missing_claims_come_from_userinfo(make_driver: Make, provider: HostileProvider) -> None:
    provider.claims = {"preferred_username": None}
    provider.userinfo = {"preferred_username": "grace", "groups": ["staff"], "email": "evil@example.org"}
    identity = make_driver(allowed_groups=["staff"]).whole()
    assert identity is not None
    assert (identity.username, identity.email) == ("grace", "ada@example.org")


def test_userinfo_of_another_subject_is_refused(make_driver: Make, provider: HostileProvider) -> None:
    provider.claims = {"preferred_username": None}
    provider.userinfo = {"preferred_username": "grace", "sub": "another"}
    with pytest.raises(AuthenticationRejected):
        make_driver().whole()


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
def test_unverified_email_is_left_out(
    make_driver: Make, provider: HostileProvider, claims: dict[str, Any], email: str
) -> None:
    provider.claims = claims
    identity = make_driver().whole()
    assert identity is not None
    assert identity.email == email


def test_list_of_accounts_overrides_the_claim(make_driver: Make, provider: HostileProvider) -> None:
    assert name_of(make_driver(accounts={SUBJECT: "lovelace"}).whole()) == "lovelace"
    with pytest.raises(NotAllowed, match="no account on this server"):
        make_driver(accounts={"another": "ada"}).whole()


def test_accounts_file_is_read_each_time_and_admits_no_user_when_broken(make_driver: Make, tmp_path: Path) -> None:
    listed = tmp_path / "accounts.json"
    listed.write_text(json.dumps({SUBJECT: "lovelace"}))
    uws = make_driver(accounts_file="accounts.json")
    identity = uws.whole()
    assert name_of(identity) == "lovelace"
    assert identity is not None
    for broken in ("{}", "[", '{"x": 5}', '{"x": "Bad Name"}', "[]"):
        listed.write_text(broken)
        with pytest.raises(NotAllowed):
            uws.whole()
        with pytest.raises(NotAllowed):
            uws.plugin.account_for(identity)


def test_account_is_that_of_the_machine(make_driver: Make) -> None:
    identity = make_driver().whole()
    assert identity is not None
    nobody = replace(identity, username="uws-there-is-none")
    if os.geteuid() != 0:
        own = pwd.getpwuid(os.geteuid())
        assert make_driver().plugin.account_for(nobody).name == own.pw_name
        return
    with pytest.raises(NotAllowed, match="no account on this machine"):
        make_driver().plugin.account_for(nobody)
    for name in ("root", "daemon", "nobody"):
        with pytest.raises(NotAllowed, match="is a system account"):
            make_driver().plugin.account_for(replace(identity, username=name))


def test_listed_account_is_for_that_subject_alone(make_driver: Make) -> None:
    uws = make_driver(accounts={SUBJECT: "lovelace"})
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
def test_invalid_options_stop_the_start(make_driver: Make, details: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make_driver(**details)


@pytest.mark.parametrize("details", [{"client_secret_env": "OIDC_NOT_SET"}, {"accounts_file": "not-there.json"}])
def test_missing_secret_or_file_stops_the_start(make_driver: Make, details: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="connection_details"):
        make_driver(**details)
