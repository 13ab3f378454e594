"""Under which name somebody from a provider is known here: listed by the operator, or as the provider says."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from user_workspaces.errors import ConfigurationError, NotAllowed
from user_workspaces.interfaces.system_accounts import belongs_to_system, is_username

NOT_LISTED = "You have no account on this server. Ask its operators for one."
UNREADABLE = "The list of accounts cannot be read. Ask the operators of this server."
NO_NAME = (
    "Your name at the log-in service cannot be a user name here: it would need a letter first and at most 32 letters, "
    "digits, - and _. Ask the operators of this server."
)


@dataclass(frozen=True, slots=True)
class UsernameMapping:
    """The people of one provider."""

    accounts: Mapping[str, str]
    """From subjects to user names; when there is one, nobody else may come."""
    file: Path | None = None
    """The same, as a JSON file that is read at each use."""
    domain: str = ""
    """What the provider's name has to end with, after an `@`; empty: names have no domain."""

    def check(self) -> None:
        """Raise `ConfigurationError` for a file that cannot be used."""
        self._listed()

    def username(self, *, subject: str, told: object) -> str:
        """Return the user name of somebody whom the provider calls `told`; raises `NotAllowed`."""
        listed = self._listed_now()
        if listed is not None:
            return _name_of(subject, listed)
        name = told.lower() if isinstance(told, str) and told.isascii() else ""
        if self.domain:
            name, _, domain = name.rpartition("@")
            name = name if domain == self.domain.lower() else ""
        if not is_username(name):
            raise NotAllowed(NO_NAME)
        if belongs_to_system(name):
            raise NotAllowed("This name belongs to the system.")
        return name

    def account_name(self, *, subject: str | None, username: str) -> str:
        """Return the name of the account of a person, asked anew each time; no subject: not of this provider."""
        listed = self._listed_now()
        return username if listed is None else _name_of(subject, listed)

    def _listed_now(self) -> Mapping[str, str] | None:
        try:
            return self._listed()
        except ConfigurationError:  # it was good at the start: whoever edits it must not let everybody in
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
