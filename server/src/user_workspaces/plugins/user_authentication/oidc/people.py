"""From what a provider says of somebody to a person here: who may come, and under which name."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from user_workspaces.errors import ConfigurationError, NotAllowed
from user_workspaces.interfaces.personal_accounts import belongs_to_system, is_username
from user_workspaces.interfaces.values import Identity
from user_workspaces.plugins.user_authentication.oidc.options import ConnectionDetails

LONGEST_EMAIL = 254
LONGEST_NAME = 150
NOT_LISTED = "You have no account on this server. Ask its operators for one."


class People:
    """Who may come."""

    def __init__(self, details: ConnectionDetails, base_dir: Path) -> None:
        self._details = details
        self._file = base_dir / details.accounts_file if details.accounts_file else None
        self._names()

    def identity(self, claims: Mapping[str, Any]) -> Identity:
        """Return the person; raises `NotAllowed` for whoever may not come."""
        self._check_groups(claims)
        return Identity(
            issuer=self._details.issuer,
            subject=claims["sub"],
            username=self._username(claims),
            email=_email(claims),
            first_name=_text(claims.get("given_name"), LONGEST_NAME),
            last_name=_text(claims.get("family_name"), LONGEST_NAME),
            is_proven=True,
        )

    def account_name(self, identity: Identity) -> str:
        """Return the name of the account of a person, asked anew each time."""
        names = self._names_now()
        if names is None:
            return identity.username
        if identity.issuer != self._details.issuer or identity.subject not in names:
            raise NotAllowed(NOT_LISTED)
        return names[identity.subject]

    def _check_groups(self, claims: Mapping[str, Any]) -> None:
        """A claim that is missing, or of another form, is no group at all."""
        allowed = self._details.allowed_groups
        if allowed is None:
            return
        found = claims.get(self._details.allowed_groups_claim)
        groups = {group for group in found if isinstance(group, str)} if isinstance(found, list) else set()
        if not groups & set(allowed):
            raise NotAllowed("You are in none of the groups that may use this server.")

    def _username(self, claims: Mapping[str, Any]) -> str:
        names = self._names_now()
        if names is not None:
            if claims["sub"] not in names:
                raise NotAllowed(NOT_LISTED)
            return names[claims["sub"]]
        told = claims.get(self._details.username_claim)
        name = told.lower() if isinstance(told, str) and told.isascii() else ""
        if self._details.username_domain:
            name, _, domain = name.rpartition("@")
            name = name if domain == self._details.username_domain.lower() else ""
        if not is_username(name):
            raise NotAllowed(
                "Your name at the log-in service cannot be a user name here: it would need a letter first and at most "
                "32 letters, digits, - and _. Ask the operators of this server."
            )
        if belongs_to_system(name):
            raise NotAllowed("This name belongs to the system.")
        return name

    def _names_now(self) -> Mapping[str, str] | None:
        try:
            return self._names()
        except ConfigurationError:  # it was good at the start: whoever edits it must not let everybody in
            raise NotAllowed("The list of accounts cannot be read. Ask the operators of this server.") from None

    def _names(self) -> Mapping[str, str] | None:
        """Return who has which account; None: nobody was listed, names come from the provider."""
        if self._file is None:
            return self._details.accounts or None
        try:
            found = json.loads(self._file.read_bytes())
        except (OSError, ValueError) as error:
            raise ConfigurationError(f"connection_details.accounts_file: cannot be read: {error}") from None
        if not isinstance(found, dict) or not all(
            isinstance(name, str) and is_username(name) for name in found.values()
        ):
            raise ConfigurationError("connection_details.accounts_file: not an object from subjects to user names")
        return found


def _email(claims: Mapping[str, Any]) -> str:
    """Return the address, unless the provider says that nobody looked whether it is theirs."""
    told = claims.get("email")
    if not isinstance(told, str) or claims.get("email_verified") is False or len(told) > LONGEST_EMAIL:
        return ""
    return told if told.isprintable() and " " not in told else ""


def _text(value: object, most: int) -> str:
    return value[:most] if isinstance(value, str) and value.isprintable() else ""
