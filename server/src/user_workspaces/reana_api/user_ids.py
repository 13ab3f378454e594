"""The ids under which people are known here: REANA has UUIDs, we have numbers."""

import uuid

from user_workspaces.accounts.models import User

NAMESPACE = uuid.UUID("5f0f2c5e-8d3a-4b57-9a5c-6a2b1c0d9e77")


def user_uuid(user_id: int) -> str:
    """Return a UUID of a person that is always the same."""
    return str(uuid.uuid5(NAMESPACE, str(user_id)))


def full_name(user: User) -> str:
    """Return the name for people; of who has none that of the account, where a client would print "None"."""
    return user.get_full_name() or user.username
