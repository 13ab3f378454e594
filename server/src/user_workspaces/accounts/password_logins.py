"""Who may be logged in to the portal."""

from typing import TypeGuard

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser

from user_workspaces import registry
from user_workspaces.accounts.models import User

ADMINISTRATORS_REFUSED = (
    "Administrators cannot log in on this server: sessions share the portal's address, so their pages could act "
    "as you. Set passthrough_domain or UWS_SESSION_PORTS to separate them, or "
    "allow_administrators_beside_sessions in config.json to accept the risk."
)


def may_log_in(user: AbstractBaseUser | AnonymousUser | None) -> TypeGuard[User]:
    """Return whether a login of this user counts: services have none, and some sites keep administrators out."""
    return isinstance(user, User) and user.is_active and not user.is_service and not is_kept_out(user)


def is_kept_out(user: User) -> bool:
    """Return whether this is an administrator whom pages of sessions could act as."""
    site = registry.site()
    is_administrator = user.is_staff or user.is_superuser
    return is_administrator and bool(site.path_mode_resources) and not site.allow_administrators_beside_sessions
