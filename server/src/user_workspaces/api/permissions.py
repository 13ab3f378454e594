"""What a token may be used for: each view names the scope it needs, and is closed until it does."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from user_workspaces.accounts.models import ApiToken
from user_workspaces.accounts.scopes import Scope, scopes_in
from user_workspaces.errors import NotAllowed

if TYPE_CHECKING:
    from rest_framework.views import APIView  # it imports the default permissions, this module, itself

READING = ("GET", "HEAD", "OPTIONS")


class HasScope(BasePermission):
    """Asks for the scope `read` to look, and for the view's own (`scope = Scope.WORKSPACES`) to do anything else."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Return whether the token has it; raises `NotAllowed`, which says what is missing."""
        require(request, Scope.READ if request.method in READING else getattr(view, "scope", None) or Scope.ADMIN)
        return True


def has_scope(request: Request, scope: Scope) -> bool:
    """Return whether the token of this request has a scope."""
    return isinstance(request.auth, ApiToken) and scope in scopes_in(request.auth.scopes)


def require(request: Request, scope: Scope) -> None:
    """Raise `NotAllowed` for a token without this scope."""
    if not has_scope(request, scope):
        raise NotAllowed(f"This token lacks the scope {scope}. Make one that has it.")
