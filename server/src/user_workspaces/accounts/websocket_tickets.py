"""One-time tickets: created for a token, and deleted when a WebSocket opens with them."""

from datetime import datetime, timedelta

from user_workspaces.accounts.models import ApiToken, LiveTicket
from user_workspaces.accounts.tokens import digest_of, is_well_formed, new_token

LIFETIME = timedelta(seconds=30)


def create_ticket(*, token: ApiToken, now: datetime) -> str:
    """Create a ticket for one use within 30 seconds, and return its text."""
    made = new_token()
    LiveTicket.objects.filter(expires_at__lt=now).delete()
    LiveTicket.objects.create(
        user_id=token.user_id,
        token=token,
        epoch=token.user.session_epoch,
        digest=made.digest,
        expires_at=now + LIFETIME,
    )
    return made.text


def redeem_ticket(text: str, *, now: datetime) -> ApiToken | None:
    """Return the token of a ticket, with its user, and delete the ticket; None for an invalid one."""
    if not is_well_formed(text):
        return None
    found = LiveTicket.objects.select_related("token__user").filter(digest=digest_of(text), expires_at__gt=now).first()
    if found is None:
        return None
    # Of simultaneous requests the DELETE of only one finds the row.
    used_now, _ = LiveTicket.objects.filter(pk=found.pk).delete()
    token, user = found.token, found.token.user
    is_good = token.expires_at > now and user.is_active and user.session_epoch == found.epoch
    return token if used_now and is_good else None
