"""IDs and names of users in REANA's API, which has UUIDs where this server has numbers."""

import uuid

from user_workspaces.accounts.models import User

# Another namespace would change the IDs of all users.
NAMESPACE = uuid.UUID("5f0f2c5e-8d3a-4b57-9a5c-6a2b1c0d9e77")


def user_uuid(user_id: int) -> str:
    """Return the UUID of a user, derived from their number."""
    return str(uuid.uuid5(NAMESPACE, str(user_id)))


def full_name(user: User) -> str:
    """Return the full name; the username if it is empty, because clients would print "None"."""
    return user.get_full_name() or user.username
