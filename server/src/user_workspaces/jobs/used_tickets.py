"""Tickets and entries that have been used: each opens a session once."""

from user_workspaces.accounts.one_time_store import put
from user_workspaces.errors import InvalidRequest
from user_workspaces.jobs.tickets import TICKET_LIFETIME


def use_once(text: str) -> bool:
    """Use up a ticket or an entry; False when that was done before. Of many at once, one succeeds."""
    try:
        put(f"session ticket {text}", "", int(TICKET_LIFETIME.total_seconds()) + 1)
    except InvalidRequest:
        return False
    return True
