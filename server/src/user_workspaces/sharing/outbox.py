"""The outbox of the mail about offers: filled with the offer, sent by the controller at least once."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.db import leases
from user_workspaces.interfaces.settings import Branding
from user_workspaces.sharing.models import Mail, Share, ShareState

GIVE_UP_AFTER = timedelta(days=1)
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
LONGEST_NAME = 100
BODY = """\
{sender} offers you a copy of the workspace "{name}".

Accept or decline it here: {address}

You received this mail because you have an account on this server. If you do nothing, no copy is added to your account.
"""


def announce(shares: Sequence[Share], *, now: datetime) -> None:
    """Put a mail to each receiver into the outbox, if a mail server is configured."""
    site = registry.site()
    if site.mail is None:
        return
    mails = []
    for share in shares:
        name, sender = one_line(share.offer.name), one_line(full_name(share.sender))
        if is_address(share.receiver.email):
            subject = f"{sender} offers you a copy of {name}"
            body = BODY.format(sender=sender, name=name, address=f"{site.base_url}/shared/") + signature(site.branding)
            mails.append(
                Mail(
                    share=share, to=share.receiver.email, subject=subject, body=body, datetime_created=now,
                    next_try_at=now,
                )
            )  # fmt: skip
    Mail.objects.bulk_create(mails)


def signature(own: Branding) -> str:
    """Return the last lines of a mail: the name and the contact of the server."""
    # Mail programs recognize a signature by `-- ` with the trailing space (RFC 3676), and leave it out of replies.
    lines = [line for line in (own.name, own.contact) if line]
    return "\n".join(["", "-- ", *lines, ""]) if lines else ""


def one_line(text: str) -> str:
    """Return a text without control characters, shortened, so that it cannot start another line or header."""
    # Categories C and Z: control, format and direction characters, surrogates, and separators of all kinds.
    plain = "".join(" " if unicodedata.category(one)[0] in "CZ" else one for one in text)
    # Mail programs turn URLs into links: a workspace name must not put a link into a mail of this server.
    words = " ".join(plain.split()).replace("://", ": //")
    return words if len(words) <= LONGEST_NAME else f"{words[: LONGEST_NAME - 1]}…"


def full_name(user: User) -> str:
    """Return "First Last (username)", or the user name alone."""
    name = user.get_full_name()
    return f"{name} ({user.username})" if name else user.username


def is_address(text: str) -> bool:
    """Return True if a text is a valid mail address."""
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True


def mail_lease() -> timedelta:
    """Return the length of the lease on a mail: a mail server may take a timeout for each of several commands."""
    return 5 * leases.lease_length()


def claim(mail: Mail, *, now: datetime) -> bool:
    """Take the lease on a mail before it is sent; return False if another controller was first."""
    unsent, attempts = Mail.objects.filter(sent_at=None), mail.attempts + 1
    # The attempt is counted before it starts, so that one that kills the process counts, too.
    if not leases.claim(unsent, mail, until=now + mail_lease(), column="next_try_at", attempts=attempts):
        return False
    mail.attempts = attempts
    return True


def note_sent(mail: Mail, *, now: datetime) -> None:
    """Record that a mail was sent."""
    # Unconditional: the mail is sent, even if the lease was lost meanwhile.
    Mail.objects.filter(pk=mail.pk).update(sent_at=now, next_try_at=None)


def try_now(mail: Mail, *, now: datetime) -> bool:
    """Make an unsent mail due, even one that was given up; return False if it was sent or is being sent."""
    unsent = Mail.objects.filter(sent_at=None).exclude(share__state=ShareState.WITHDRAWN)
    return leases.release(unsent, mail, at=now, column="next_try_at")


def note_failed(mail: Mail, *, now: datetime) -> bool:
    """Schedule the next attempt, after 1, 2, 4 ... 60 minutes; return False if it is given up after a day."""
    over = now - mail.datetime_created > GIVE_UP_AFTER
    # The bound of the exponent keeps the product in the range of `timedelta`.
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(mail.attempts - 1, 10))
    # Writes nothing if the offer was withdrawn while the mail was being sent: that has set `next_try_at` to None.
    leases.release(Mail.objects.all(), mail, at=None if over else now + pause, column="next_try_at")
    return not over
