"""What an API token may be used for: its scopes, as text with a space between them."""

from collections.abc import Iterable
from enum import StrEnum

from user_workspaces.errors import InvalidRequest, NotAllowed


class Scope(StrEnum):
    """What a view asks of a token. `read` is for looking at what is one's own; the others are for changing it."""

    READ = "read"
    WORKSPACES = "workspaces"
    SESSIONS = "sessions"
    """Also what it takes to get the address of a running session: whoever opens one can do all that it can."""
    WORKFLOWS = "workflows"
    """Runs of workflows, through REANA's API and nothing else there: what a session gets for its person."""
    ADMIN = "admin"
    """Nobody but administrators can have it."""


USUAL = (Scope.READ, Scope.WORKSPACES, Scope.SESSIONS)
"""What a token gets that was not asked to have less."""


def as_text(scopes: Iterable[Scope]) -> str:
    """Return the form that is stored, always in the same order."""
    wanted = set(scopes)
    return " ".join(scope for scope in Scope if scope in wanted)


def scopes_in(text: str) -> frozenset[Scope]:
    """Return the scopes of a stored text; a word that is not known (any more) gives no right."""
    words = text.split()
    return frozenset(scope for scope in Scope if scope in words)


def checked_scopes(wanted: object, *, is_administrator: bool) -> tuple[Scope, ...]:
    """Return the scopes that were asked for, by name; None asks for the usual ones."""
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
