"""Deletes expired rows."""

from datetime import datetime

from user_workspaces.accounts.models import ApiToken, LiveTicket, LoginLink, OneTimeValue
from user_workspaces.accounts.rate_limit import clear_attempts


def clear_ended(*, now: datetime) -> int:
    """Delete expired counts, links, tickets, one-time values and tokens; return their number."""
    rows = clear_attempts(now=now)
    rows += LoginLink.objects.filter(expires_at__lte=now).delete()[0]
    rows += LiveTicket.objects.filter(expires_at__lte=now).delete()[0]
    rows += OneTimeValue.objects.filter(expires_at__lte=now).delete()[0]
    rows += ApiToken.objects.filter(expires_at__lte=now).delete()[0]
    return rows
