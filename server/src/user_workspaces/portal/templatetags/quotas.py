"""What is limited: asked for where a whole page is shown, and nowhere else."""

from django import template
from django.utils import timezone

from user_workspaces.accounts.models import User
from user_workspaces.portal.quotas import QuotaBar, bar_of

register = template.Library()


@register.simple_tag
def quotas_of(user: object) -> QuotaBar | None:
    """Return what is limited for this person, and how much of it is taken."""
    return bar_of(user.pk, now=timezone.now()) if isinstance(user, User) else None
