"""What ended by itself is taken away: rows that nobody will ask for again."""

from datetime import datetime

from user_workspaces.accounts.models import ApiToken, LiveTicket, LoginLink, OneTimeValue
from user_workspaces.accounts.rate_limit import clear_attempts


def clear_ended(*, now: datetime) -> int:
    """Take away counts, links, remembered texts and tokens whose time is over; return how many there were."""
    rows = clear_attempts(now=now)
    rows += LoginLink.objects.filter(expires_at__lte=now).delete()[0]
    rows += LiveTicket.objects.filter(expires_at__lte=now).delete()[0]
    rows += OneTimeValue.objects.filter(expires_at__lte=now).delete()[0]
    rows += ApiToken.objects.filter(expires_at__lte=now).delete()[0]
    return rows
