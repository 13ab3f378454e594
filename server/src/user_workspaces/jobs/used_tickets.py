"""Record used tickets and entries, each of which opens a session once."""

from user_workspaces.accounts.one_time_store import put
from user_workspaces.errors import InvalidRequest
from user_workspaces.jobs.tickets import TICKET_LIFETIME


def use_once(text: str) -> bool:
    """Mark a ticket or an entry as used; False if it was used before. Of concurrent calls exactly one returns True."""
    try:
        # Longer than a ticket is valid: without its record it would open the session again.
        put(f"session ticket {text}", "", int(TICKET_LIFETIME.total_seconds()) + 1)
    except InvalidRequest:
        return False
    return True
