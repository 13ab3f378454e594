"""The options of `GlobusUserAuthentication`."""

import os
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.pending_login import is_safe_address
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.system_accounts import is_username

GROUPS = "urn:globus:auth:scope:groups.api.globus.org"
VIEW_GROUPS = f"{GROUPS}:view_my_groups_and_memberships"
ALL_OF_GROUPS = f"{GROUPS}:all"


def _safe_address(text: str) -> str:
    if not is_safe_address(text):
        raise ValueError(f"{text!r} is not an https address (http is allowed for localhost only)")
    return text


def _username(text: str) -> str:
    if not is_username(text):
        raise ValueError(f"{text!r} is not an account name: use at most 32 lower-case letters, digits, - and _")
    return text


def _uuid(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        raise ValueError(f"{text!r} is not the UUID of a group") from None


Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class ConnectionDetails(PluginOptions):
    """`connection_details` in `config.json`."""

    client_id: Name
    client_secret_env: Name
    """The environment variable that holds the secret."""
    token_scopes: tuple[Name, ...] = (VIEW_GROUPS, ALL_OF_GROUPS)
    """An `auth_token` must have one of these scopes: tokens for other services are rejected."""
    username_domain: str = ""
    """`example.org`: the Globus name must end with `@example.org`; the user name is the part before it."""
    allowed_groups: tuple[Annotated[str, AfterValidator(_uuid)], ...] | None = None
    """UUIDs of groups: only their active members may log in. None: all users of Globus may."""
    accounts: dict[Name, Annotated[str, AfterValidator(_username)]] = Field(default_factory=dict)
    """User names on this server by Globus identity (UUID)."""
    accounts_file: str = ""
    """A JSON file of the same form; a relative path starts at the data folder. Read at each use."""
    allowed_redirect_urls: tuple[Annotated[str, AfterValidator(_safe_address)], ...] = ()
    accept_missing_state: bool = False

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        if self.accounts and self.accounts_file:
            raise ValueError("accounts and accounts_file are mutually exclusive")
        if not (self.username_domain or self.accounts or self.accounts_file):
            raise ValueError("set username_domain, accounts or accounts_file: Globus names have a domain")
        if not self.token_scopes:
            raise ValueError("token_scopes: give at least one")
        return self

    def client_secret(self) -> str:
        """Return the client's secret; raises `ConfigurationError` if the variable is empty."""
        secret = os.environ.get(self.client_secret_env, "")
        if not secret:
            raise ConfigurationError(
                f"connection_details.client_secret_env: the environment variable {self.client_secret_env} is not set"
            )
        return secret


class GlobusOptions(PluginOptions):
    """The options of `GlobusUserAuthentication`."""

    connection_details: ConnectionDetails
