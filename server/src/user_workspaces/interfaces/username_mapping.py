"""User names of external users: listed by the operator, or taken from the provider."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from user_workspaces.errors import ConfigurationError, NotAllowed
from user_workspaces.interfaces.system_accounts import belongs_to_system, is_username

NOT_LISTED = "You have no account on this server. Ask your administrator for one."
UNREADABLE = "The server cannot read its list of accounts. Please contact your administrator."
NO_NAME = (
    "Your name at the login service cannot be used as a user name: it must start with a letter and have at most 32 "
    "letters, digits, - and _. Please contact your administrator."
)


@dataclass(frozen=True, slots=True)
class UsernameMapping:
    """Maps the users of one provider to user names on this server."""

    accounts: Mapping[str, str]
    """User names by subject; if any is listed, all other users are rejected."""
    file: Path | None = None
    """A JSON file of the same form, read at each use."""
    domain: str = ""
    """The part after `@` that the provider's name must have; empty: names have no domain."""

    def check(self) -> None:
        """Raise `ConfigurationError` if the file cannot be used."""
        self._listed()

    def username(self, *, subject: str, provider_name: object) -> str:
        """Return the user name for the name that the provider sent (any JSON value); raises `NotAllowed`."""
        listed = self._listed_now()
        if listed is not None:
            return _name_of(subject, listed)
        # ASCII only: `lower` turns the Kelvin sign into `k`, so that two names would become one.
        name = provider_name.lower() if isinstance(provider_name, str) and provider_name.isascii() else ""
        if self.domain:
            name, _, domain = name.rpartition("@")
            name = name if domain == self.domain.lower() else ""
        if not is_username(name):
            raise NotAllowed(NO_NAME)
        if belongs_to_system(name):
            raise NotAllowed("This name belongs to the system.")
        return name

    def account_name(self, *, subject: str | None, username: str) -> str:
        """Return the name of a user's system account; reads the file each time. No subject: a user of another login."""
        listed = self._listed_now()
        return username if listed is None else _name_of(subject, listed)

    def _listed_now(self) -> Mapping[str, str] | None:
        try:
            return self._listed()
        except ConfigurationError:  # valid at the start and broken since: admit no user rather than all
            raise NotAllowed(UNREADABLE) from None

    def _listed(self) -> Mapping[str, str] | None:
        if self.file is None:
            return self.accounts or None
        try:
            found = json.loads(self.file.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise ConfigurationError(f"connection_details.accounts_file: cannot be read: {error}") from None
        if not isinstance(found, dict) or not all(isinstance(one, str) and is_username(one) for one in found.values()):
            raise ConfigurationError("connection_details.accounts_file: not an object from subjects to user names")
        return found


def _name_of(subject: str | None, listed: Mapping[str, str]) -> str:
    if subject is None or subject not in listed:
        raise NotAllowed(NOT_LISTED)
    return listed[subject]
