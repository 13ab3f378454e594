"""From what a provider says of somebody to a person here: who may come, and under which name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from user_workspaces.errors import NotAllowed
from user_workspaces.interfaces.username_mapping import UsernameMapping
from user_workspaces.interfaces.values import Identity
from user_workspaces.plugins.user_authentication.oidc.options import ConnectionDetails

LONGEST_EMAIL = 254
LONGEST_NAME = 150


class UserRules:
    """Who may come."""

    def __init__(self, details: ConnectionDetails, base_dir: Path) -> None:
        self._details = details
        file = base_dir / details.accounts_file if details.accounts_file else None
        self._named = UsernameMapping(details.accounts, file, details.username_domain)
        self._named.check()

    def identity(self, claims: Mapping[str, Any]) -> Identity:
        """Return the person; raises `NotAllowed` for whoever may not come."""
        self._check_groups(claims)
        told = claims.get(self._details.username_claim)
        return Identity(
            issuer=self._details.issuer,
            subject=claims["sub"],
            username=self._named.username(subject=claims["sub"], told=told),
            email=_email(claims),
            first_name=_text(claims.get("given_name"), LONGEST_NAME),
            last_name=_text(claims.get("family_name"), LONGEST_NAME),
            is_proven=True,
        )

    def account_name(self, identity: Identity) -> str:
        """Return the name of the account of a person, asked anew each time."""
        subject = identity.subject if identity.issuer == self._details.issuer else None
        return self._named.account_name(subject=subject, username=identity.username)

    def _check_groups(self, claims: Mapping[str, Any]) -> None:
        """A claim that is missing, or of another form, is no group at all."""
        allowed = self._details.allowed_groups
        if allowed is None:
            return
        found = claims.get(self._details.allowed_groups_claim)
        groups = {group for group in found if isinstance(group, str)} if isinstance(found, list) else set()
        if not groups & set(allowed):
            raise NotAllowed("You are in none of the groups that may use this server.")


def _email(claims: Mapping[str, Any]) -> str:
    """Return the address, unless the provider says that nobody looked whether it is theirs."""
    told = claims.get("email")
    if not isinstance(told, str) or claims.get("email_verified") is False or len(told) > LONGEST_EMAIL:
        return ""
    return told if told.isprintable() and " " not in told else ""


def _text(value: object, most: int) -> str:
    return value[:most] if isinstance(value, str) and value.isprintable() else ""
