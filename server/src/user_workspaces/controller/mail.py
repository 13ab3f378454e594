"""Sends the mails of the outbox."""

import logging
import smtplib
from contextlib import suppress
from datetime import datetime

from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend

from user_workspaces import registry
from user_workspaces.controller.reconcile import PassClock
from user_workspaces.db.leases import lease_length
from user_workspaces.interfaces.settings import MailSettings
from user_workspaces.sharing import outbox
from user_workspaces.sharing.models import Mail
from user_workspaces.sharing.queries import due_mail

logger = logging.getLogger(__name__)

MAILS_A_PASS = 50
TIMEOUT_SECONDS = 20
"""For one response of the mail server."""


def send_due_mail(*, now: datetime) -> int:
    """Send due mails; return their number: 0 without a configured mail server."""
    mail_site = registry.site().mail
    if mail_site is None:
        return 0
    connection, clock, claimed = _connection(mail_site), PassClock(now), 0
    try:
        for mail in due_mail(now=now, limit=MAILS_A_PASS):
            if outbox.claim(mail, now=clock()):
                claimed += 1
                _send(mail, mail_site, connection, clock)
    finally:
        _close(connection)
    return claimed


def _connection(site: MailSettings) -> BaseEmailBackend:
    connection: BaseEmailBackend = get_connection(
        host=site.host,
        port=site.port,
        username=site.user,
        password=site.password,
        use_tls=site.tls == "starttls",
        use_ssl=site.tls == "tls",
        # A slow response must not outlast the lease: another controller would send the mail again.
        timeout=min(TIMEOUT_SECONDS, lease_length().total_seconds() / 4),
    )
    return connection


def _send(mail: Mail, site: MailSettings, connection: BaseEmailBackend, clock: PassClock) -> None:
    """Send one mail and record the result; its errors must not stop the others."""
    # The same ID each time: after a crash between sending and recording, mail programs can recognize the copy.
    headers = {"Message-ID": f"<share-{mail.share_id}-{mail.pk}@{site.from_address.rpartition('@')[2]}>"}
    message = EmailMessage(
        mail.subject, mail.body, site.from_address, [mail.to], connection=connection, headers=headers
    )
    try:
        # A no-op if it is open. Without it, `send` would open and close a connection for each mail.
        connection.open()
        message.send()
    # ValueError includes Django's BadHeaderError, for a line break in a header.
    except (OSError, smtplib.SMTPException, ValueError) as error:
        _close(connection)  # the dialogue is in an unknown state: the next mail gets a new connection
        if outbox.note_failed(mail, now=clock()):
            logger.warning("mail %s was not sent, trying again later: %s", mail.pk, type(error).__name__)
        else:
            logger.exception("mail %s about share %s failed for the last time", mail.pk, mail.share_id)
    else:
        outbox.note_sent(mail, now=clock())


def _close(connection: BaseEmailBackend) -> None:
    with suppress(OSError, smtplib.SMTPException):
        connection.close()
