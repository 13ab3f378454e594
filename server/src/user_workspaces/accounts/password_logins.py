"""Rules for logins to the portal."""

from typing import TypeGuard

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from user_workspaces import registry
from user_workspaces.accounts.models import User

ADMINISTRATORS_REJECTED = (
    "Administrators cannot log in on this server: sessions share the portal's address, so their pages could act "
    "as you. Set passthrough_domain or UWS_SESSION_PORTS to separate them, or "
    "allow_administrators_beside_sessions in config.json to accept the risk."
)


def may_log_in(user: AbstractBaseUser | AnonymousUser | None) -> TypeGuard[User]:
    """Return True if this user may log in: services may not, and some sites lock administrators out."""
    return isinstance(user, User) and user.is_active and not user.is_service and not is_kept_out(user)


def is_kept_out(user: User) -> bool:
    """Return True for an administrator in whose name pages of sessions could act, on a shared host name."""
    site = registry.site()
    is_administrator = user.is_staff or user.is_superuser
    return is_administrator and bool(site.path_mode_resources) and not site.allow_administrators_beside_sessions
