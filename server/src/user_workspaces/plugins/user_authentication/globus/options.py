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
        raise ValueError(f"{text!r} is not an https address (http only for this machine)")
    return text


def _username(text: str) -> str:
    if not is_username(text):
        raise ValueError(f"{text!r} is not the name of an account: at most 32 lower case letters, digits, - and _")
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
    """The name of the environment variable that holds the secret."""
    token_scopes: tuple[Name, ...] = (VIEW_GROUPS, ALL_OF_GROUPS)
    """An `auth_token` has to have one of these: a token that was given to another service is none for us."""
    username_domain: str = ""
    """`example.org`: the Globus name has to end with `@example.org`, and the name is what stands before."""
    allowed_groups: tuple[Annotated[str, AfterValidator(_uuid)], ...] | None = None
    """The UUIDs of groups; whoever is an active member of none is refused. None: everybody may come."""
    accounts: dict[Name, Annotated[str, AfterValidator(_username)]] = Field(default_factory=dict)
    """From Globus identities (UUIDs) to user names here."""
    accounts_file: str = ""
    """A JSON file of the same form, below the data folder or absolute; read at each use."""
    allowed_redirect_urls: tuple[Annotated[str, AfterValidator(_safe_address)], ...] = ()
    accept_missing_state: bool = False

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        if self.accounts and self.accounts_file:
            raise ValueError("accounts and accounts_file: give one of the two")
        if not (self.username_domain or self.accounts or self.accounts_file):
            raise ValueError("one of username_domain, accounts and accounts_file is needed: Globus names have a domain")
        if not self.token_scopes:
            raise ValueError("token_scopes: at least one")
        return self

    def client_secret(self) -> str:
        """Return the secret; raises `ConfigurationError` when the variable is empty."""
        secret = os.environ.get(self.client_secret_env, "")
        if not secret:
            raise ConfigurationError(
                f"connection_details.client_secret_env: the environment variable {self.client_secret_env} is not set"
            )
        return secret


class GlobusOptions(PluginOptions):
    """The options of `GlobusUserAuthentication`."""

    connection_details: ConnectionDetails
