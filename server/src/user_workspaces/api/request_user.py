"""Who is calling, typed."""

from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request

from user_workspaces.accounts.models import User


def caller(request: Request) -> User:
    """Return the person behind a request that needs one."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
