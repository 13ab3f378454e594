"""User names of Globus users, options that stop the start, and health."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from plugins.user_authentication.globus.globus_service import ADA, ADA_IDENTITY, GlobusService
from user_workspaces.errors import ConfigurationError, NotAllowed
from user_workspaces.interfaces.values import Identity
from user_workspaces.plugins.user_authentication.globus import GlobusUserAuthentication

Make = Callable[..., GlobusUserAuthentication]


@pytest.mark.parametrize(
    "name", ["ada@evil.example", "ada", "@uni.example", "\u0430da@uni.example", "root@uni.example", 5]
)
def test_invalid_name_is_refused(plugin: Make, globus: GlobusService, name: object) -> None:
    globus.further = {"username": name}
    with pytest.raises(NotAllowed):
        plugin().authenticate({"auth_token": globus.issue()})


def test_list_of_accounts_decides_who_may_log_in(plugin: Make, globus: GlobusService) -> None:
    listed = plugin(username_domain="", accounts={ADA: "lovelace"})
    assert listed.authenticate({"auth_token": globus.issue()}) == replace(ADA_IDENTITY, username="lovelace")
    with pytest.raises(NotAllowed, match="no account on this server"):
        plugin(username_domain="", accounts={"another": "ada"}).authenticate({"auth_token": globus.issue()})
    with pytest.raises(NotAllowed, match="no account on this server"):
        listed.account_for(Identity("local", "lovelace", "lovelace"))


@pytest.mark.parametrize(
    "details",
    [
        {"username_domain": ""},
        {"allowed_groups": ["researchers"]},
        {"token_scopes": []},
        {"accounts": {"1": "Bad Name"}},
        {"accounts": {"1": "ada"}, "accounts_file": "a.json"},
        {"allowed_redirect_urls": ["http://portal.example.org/"]},
        {"client_secret_env": ""},
        {"client_secret": "never here"},
    ],
)
def test_invalid_options_stop_the_start(plugin: Make, details: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        plugin(**details)


@pytest.mark.parametrize("details", [{"client_secret_env": "GLOBUS_NOT_SET"}, {"accounts_file": "not-there.json"}])
def test_missing_secret_or_file_stops_the_start(plugin: Make, details: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="connection_details"):
        plugin(**details)


def test_health_is_cached(plugin: Make, globus: GlobusService) -> None:
    uws = plugin()
    assert all(uws.check().connected for _ in range(20))
    assert len(globus.calls) == 1
    globus.responses["/.well-known/openid-configuration"] = (503, b"")
    ill = plugin().check()
    assert (ill.connected, ill.message) == (False, "Globus is not responding.")
