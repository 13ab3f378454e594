"""`LocalUserAuthentication`: a client token and the name of a user who has an account on this machine."""

from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from user_workspaces.errors import AuthenticationRejected, InvalidRequest, NotAllowed
from user_workspaces.interfaces.homes import Homes
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.user_authentication import UserAuthentication
from user_workspaces.interfaces.values import Health, Identity, PluginContext, SystemAccount
from user_workspaces.plugins.user_authentication.local import system_accounts


class ConnectionDetails(PluginOptions):
    """`connection_details` in `config.json`."""

    create_external_users: bool = False
    """True if users without an account on this machine get one (the server must run as root)."""
    operating_system: Literal["linux"] = "linux"


class LocalOptions(PluginOptions):
    """The options of `LocalUserAuthentication`."""

    connection_details: ConnectionDetails = Field(default_factory=ConnectionDetails)


class _UserInfo(BaseModel):
    model_config = ConfigDict(extra="ignore", strict=True)

    username: str = Field(min_length=1, max_length=32, pattern=r"^[a-z_][a-z0-9_-]*$")
    email: str = Field(default="", max_length=254, pattern=r"^[^\x00-\x20]*$")
    first_name: str = Field(default="", max_length=150, pattern=r"^[^\x00-\x1f]*$")
    last_name: str = Field(default="", max_length=150, pattern=r"^[^\x00-\x1f]*$")


class LocalUserAuthentication(UserAuthentication):
    """Trusts clients (a data portal) with a client token to name the user."""

    Options = LocalOptions

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        assert isinstance(options, LocalOptions)  # noqa: S101  the registry validated it with our own model
        self._details = options.connection_details
        self._homes = Homes(context.accounts)

    def authenticate(self, credentials: Mapping[str, object]) -> Identity | None:
        """Take `{"client_token": ..., "user_info": {"username": ..., "email": ...}}`."""
        token, user_info = credentials.get("client_token"), credentials.get("user_info")
        if not token:
            raise InvalidRequest("Missing client_token. Please provide a client_token in the request body.")
        if not user_info:
            raise InvalidRequest("Missing user_info. Please provide user_info in the request body.")
        client = self.context.find_client(token) if isinstance(token, str) else None
        if client is None:
            raise AuthenticationRejected("Incorrect authentication credentials.")
        if not client.may_mint:
            raise NotAllowed("This client token may not request tokens for users.")
        return self._identity(user_info)

    def _identity(self, user_info: object) -> Identity:
        try:
            user = _UserInfo.model_validate(user_info)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            location = ".".join(["user_info", *(str(part) for part in problem["loc"])])
            raise InvalidRequest(f"{location}: {problem['msg']}") from None
        if system_accounts.is_reserved(user.username):
            raise NotAllowed("This name belongs to the system.")
        return Identity(
            issuer=self.context.name,
            subject=user.username,
            username=user.username,
            email=user.email,
            first_name=user.first_name,
            last_name=user.last_name,
        )

    def account_for(self, identity: Identity) -> SystemAccount:
        """Return the system account of that name, or the server's own account if it does not run as root."""
        if not system_accounts.we_are_root():
            return system_accounts.own_account()
        return system_accounts.account_named(identity.username, create=self._details.create_external_users)

    def check(self) -> Health:
        """Return the health: whether accounts can be created, and open homes."""
        if not system_accounts.we_are_root():
            return Health(connected=True, message="Not running as root: all users share the server's account.")
        if self._details.create_external_users and not system_accounts.can_create():
            return Health(connected=False, message="useradd is not installed: accounts cannot be created.")
        return self._homes.add_to(Health(connected=True, message="Each user has an account on this machine."))
