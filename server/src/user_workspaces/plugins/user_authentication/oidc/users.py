"""The identity of a user from the provider's claims: admission, user name and profile."""

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
    """Decides which users of the provider may log in, and under which name."""

    def __init__(self, details: ConnectionDetails, base_dir: Path) -> None:
        self._details = details
        file = base_dir / details.accounts_file if details.accounts_file else None
        self._named = UsernameMapping(details.accounts, file, details.username_domain)
        self._named.check()

    def identity(self, claims: Mapping[str, Any]) -> Identity:
        """Return the user's identity; raises `NotAllowed` for a user who may not log in."""
        self._check_groups(claims)
        name = claims.get(self._details.username_claim)
        return Identity(
            issuer=self._details.issuer,
            subject=claims["sub"],
            username=self._named.username(subject=claims["sub"], provider_name=name),
            email=_email(claims),
            first_name=_text(claims.get("given_name"), LONGEST_NAME),
            last_name=_text(claims.get("family_name"), LONGEST_NAME),
            is_proven=True,
        )

    def account_name(self, identity: Identity) -> str:
        """Return the name of a user's system account; reads `accounts_file` each time."""
        subject = identity.subject if identity.issuer == self._details.issuer else None
        return self._named.account_name(subject=subject, username=identity.username)

    def _check_groups(self, claims: Mapping[str, Any]) -> None:
        """Raise `NotAllowed` unless the user is in an allowed group; a missing or malformed claim means none."""
        allowed = self._details.allowed_groups
        if allowed is None:
            return
        found = claims.get(self._details.allowed_groups_claim)
        groups = {group for group in found if isinstance(group, str)} if isinstance(found, list) else set()
        if not groups & set(allowed):
            raise NotAllowed("You are not a member of a group that may use this server.")


def _email(claims: Mapping[str, Any]) -> str:
    """Return the e-mail address, unless the provider says that it is not verified."""
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified") is False or len(email) > LONGEST_EMAIL:
        return ""
    return email if email.isprintable() and " " not in email else ""


def _text(value: object, most: int) -> str:
    return value[:most] if isinstance(value, str) and value.isprintable() else ""
