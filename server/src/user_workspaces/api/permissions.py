"""Checks the scopes of tokens. A view without a scope accepts only tokens of administrators."""

from typing import TYPE_CHECKING

from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from user_workspaces.accounts.models import ApiToken
from user_workspaces.accounts.scopes import Scope, scopes_in
from user_workspaces.errors import NotAllowed

if TYPE_CHECKING:
    from rest_framework.views import APIView  # imports this module, as the default permissions

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


class HasScope(BasePermission):
    """Requires the scope `read` for safe methods, and the view's own (`scope = Scope.WORKSPACES`) for others."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Return True; raises `NotAllowed` with the missing scope."""
        require(request, Scope.READ if request.method in SAFE_METHODS else getattr(view, "scope", None) or Scope.ADMIN)
        return True


def has_scope(request: Request, scope: Scope) -> bool:
    """Return True if the token of this request has a scope."""
    return isinstance(request.auth, ApiToken) and scope in scopes_in(request.auth.scopes)


def require(request: Request, scope: Scope) -> None:
    """Raise `NotAllowed` for a token without this scope."""
    if not has_scope(request, scope):
        raise NotAllowed(f"This token lacks the scope {scope}. Create a token that has it.")
