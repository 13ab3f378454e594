"""The user of a request, with a type."""

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from user_workspaces.accounts.models import User


def caller(request: Request) -> User:
    """Return the authenticated user; raises `NotAuthenticated`."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
