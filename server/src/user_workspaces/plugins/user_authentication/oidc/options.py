"""The options of `OIDCUserAuthentication`."""

import os
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from user_workspaces.errors import ConfigurationError
from user_workspaces.interfaces.pending_login import is_safe_address
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.system_accounts import is_username


def _safe_address(text: str) -> str:
    if not is_safe_address(text):
        raise ValueError(f"{text!r} is not an https address (http is allowed for localhost only)")
    return text


def _issuer(text: str) -> str:
    if "?" in text or "#" in text:
        raise ValueError(f"{text!r}: an issuer must not have a query or a fragment")
    return _safe_address(text)


def _username(text: str) -> str:
    if not is_username(text):
        raise ValueError(f"{text!r} is not an account name: use at most 32 lower-case letters, digits, - and _")
    return text


Name = Annotated[str, StringConstraints(min_length=1, max_length=255)]
SafeAddress = Annotated[str, AfterValidator(_safe_address)]


class ConnectionDetails(PluginOptions):
    """`connection_details` in `config.json`."""

    issuer: Annotated[str, StringConstraints(max_length=200), AfterValidator(_issuer)]
    client_id: Name
    client_secret_env: str = ""
    """The environment variable that holds the secret; empty: a public client, which uses PKCE alone."""
    scopes: tuple[Name, ...] = ("openid", "profile", "email")
    username_claim: Name = "preferred_username"
    username_domain: str = ""
    """`example.org`: the claim must end with `@example.org`; the user name is the part before it."""
    allowed_groups_claim: Name = "groups"
    allowed_groups: tuple[Name, ...] | None = None
    """Only members of one of these groups may log in; None: all users of the provider may."""
    accounts: dict[Name, Annotated[str, AfterValidator(_username)]] = Field(default_factory=dict)
    """User names on this server by subject at the provider."""
    accounts_file: str = ""
    """A JSON file of the same form; a relative path starts at the data folder. Read at each use."""
    allowed_redirect_urls: tuple[SafeAddress, ...] = ()
    accept_missing_state: bool = False

    @model_validator(mode="after")
    def _check_combinations(self) -> Self:
        if "openid" not in self.scopes:
            raise ValueError("scopes: openid is required")
        if self.accounts and self.accounts_file:
            raise ValueError("accounts and accounts_file are mutually exclusive")
        # The constant verifier is derived from the secret: with an empty one, it could be computed by all.
        if self.accept_missing_state and not self.client_secret_env:
            raise ValueError("accept_missing_state needs a client_secret_env")
        return self

    def client_secret(self) -> str:
        """Return the client's secret; raises `ConfigurationError` if the variable is empty."""
        if not self.client_secret_env:
            return ""
        secret = os.environ.get(self.client_secret_env, "")
        if not secret:
            raise ConfigurationError(
                f"connection_details.client_secret_env: the environment variable {self.client_secret_env} is not set"
            )
        return secret


class OIDCOptions(PluginOptions):
    """The options of `OIDCUserAuthentication`."""

    connection_details: ConnectionDetails
