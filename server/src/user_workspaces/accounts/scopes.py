"""Scopes of API tokens; they are stored as text, separated by spaces."""

from collections.abc import Iterable
from enum import StrEnum

from user_workspaces.errors import InvalidRequest, NotAllowed


class Scope(StrEnum):
    """A permission of a token. `read` allows reading the user's own objects; the others allow changes."""

    READ = "read"
    WORKSPACES = "workspaces"
    SESSIONS = "sessions"
    """Includes the URL of a running session: opening a session gives all its permissions."""
    WORKFLOWS = "workflows"
    """Runs of workflows through the REANA API only; sessions get tokens with this scope."""
    ADMIN = "admin"
    """For administrators only."""


USUAL = (Scope.READ, Scope.WORKSPACES, Scope.SESSIONS)
"""The default scopes of a token."""


def as_text(scopes: Iterable[Scope]) -> str:
    """Return the stored form of scopes, in a fixed order."""
    wanted = set(scopes)
    return " ".join(scope for scope in Scope if scope in wanted)


def scopes_in(text: str) -> frozenset[Scope]:
    """Return the scopes of a stored text; unknown words are ignored."""
    words = text.split()
    return frozenset(scope for scope in Scope if scope in words)


def checked_scopes(wanted: object, *, is_administrator: bool) -> tuple[Scope, ...]:
    """Return the scopes of a request by name; None: the default scopes. Raises `InvalidRequest` and `NotAllowed`."""
    if wanted is None:
        return USUAL
    if not isinstance(wanted, list) or not wanted or not all(isinstance(name, str) for name in wanted):
        raise InvalidRequest(f"scopes must be a list with some of: {', '.join(Scope)}.")
    unknown = [name for name in wanted if name not in set(Scope)]
    if unknown:
        raise InvalidRequest(f"There is no scope {unknown[0][:50]!r}; there are {', '.join(Scope)}.")
    if Scope.ADMIN in wanted and not is_administrator:
        raise NotAllowed("The scope admin is for administrators of this server.")
    return tuple(scope for scope in Scope if scope in wanted)
