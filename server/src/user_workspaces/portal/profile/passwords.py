"""Who may set or change a password, and by which form."""

from datetime import datetime, timedelta
from typing import TypeAlias

from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest

from user_workspaces.accounts.models import User
from user_workspaces.portal.profile.forms import PasswordForm

BY_LINK_AT = "logged_in_by_link_at"
RECENT = timedelta(minutes=15)
AnyPasswordForm: TypeAlias = "SetPasswordForm[User]"
"""That for a change is one of these, too."""


def note_link(request: HttpRequest, *, now: datetime) -> None:
    """Remember in this browser that a one-time link has shown who it is."""
    request.session[BY_LINK_AT] = now.timestamp()


def has_password(user: User) -> bool:
    """Return whether there is one to log in with."""
    return bool(user.password) and user.has_usable_password()


def may_have_password(user: User) -> bool:
    """Return whether a password would be a way in: not for who signs in elsewhere, nor where it was disabled."""
    return has_password(user) or (not user.password and not user.identities.exists())


def password_form(request: HttpRequest, user: User, *, now: datetime, data: object = None) -> "AnyPasswordForm | None":
    """Return the form for a new password; None: not for this user, or not in this browser now.

    A recent log-in by link stands in for the old password, whether there is one or not.
    """
    if not may_have_password(user):
        return None
    if _came_by_link(request, now=now):
        return SetPasswordForm(user, data)
    return PasswordForm(user, data) if has_password(user) else None


def _came_by_link(request: HttpRequest, *, now: datetime) -> bool:
    at = request.session.get(BY_LINK_AT)
    return isinstance(at, float) and now.timestamp() - at < RECENT.total_seconds()
