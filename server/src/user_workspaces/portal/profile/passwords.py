"""The password form that a user gets, if any."""

from datetime import datetime, timedelta
from typing import TypeAlias

from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest

from user_workspaces.accounts.models import User
from user_workspaces.portal.profile.forms import PasswordForm

BY_LINK_AT = "logged_in_by_link_at"
# Within this time the session may set a password without the old one, so a stolen browser may, too.
RECENT = timedelta(minutes=15)
AnyPasswordForm: TypeAlias = "SetPasswordForm[User]"
"""`PasswordForm` is a subclass of `SetPasswordForm`."""


def note_link(request: HttpRequest, *, now: datetime) -> None:
    """Record in the session that the user logged in with a one-time link."""
    request.session[BY_LINK_AT] = now.timestamp()


def has_password(user: User) -> bool:
    """Return True if the user can log in with a password."""
    return bool(user.password) and user.has_usable_password()


def may_have_password(user: User) -> bool:
    """Return False for users of external providers, and if the password was disabled."""
    return has_password(user) or (not user.password and not user.identities.exists())


def password_form(request: HttpRequest, user: User, *, now: datetime, data: object = None) -> "AnyPasswordForm | None":
    """Return the form for a new password; None if this user or this session may not set one.

    A recent login by link replaces the old password, whether there is one or not.
    """
    if not may_have_password(user):
        return None
    if _logged_in_by_link(request, now=now):
        return SetPasswordForm(user, data)
    return PasswordForm(user, data) if has_password(user) else None


def _logged_in_by_link(request: HttpRequest, *, now: datetime) -> bool:
    at = request.session.get(BY_LINK_AT)
    return isinstance(at, float) and now.timestamp() - at < RECENT.total_seconds()
