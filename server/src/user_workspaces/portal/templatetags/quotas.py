"""Quotas in the top bar; a separate library, so that only whole pages query them."""

from django import template
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.portal.quotas import QuotaBar, bar_of

register = template.Library()


@register.simple_tag
def quotas_of(user: object) -> QuotaBar | None:
    """Return the quotas and the usage of a user; None without a login."""
    return bar_of(user.pk, now=timezone.now()) if isinstance(user, User) else None
