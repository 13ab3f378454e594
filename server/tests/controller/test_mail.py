"""Mail about offers, sent to a real mail server that records messages, rejects them, or is unreachable."""

import email
import email.policy
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller as MailServer
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from django.test import override_settings
from django.utils import timezone

from support.concurrency import at_once
from support.fake_copies import make_copies, offer
from support.server_process import free_port
from user_workspaces import registry
from user_workspaces.accounts.models import User
from user_workspaces.controller.mail import send_due_mail
from user_workspaces.interfaces.settings import MailSettings
from user_workspaces.sharing import outbox
from user_workspaces.sharing.actions import withdraw
from user_workspaces.sharing.models import Mail
from user_workspaces.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)
Person = Callable[..., User]
Make = Callable[..., Workspace]


class Sink:
    """Accepts mail, except to the addresses in `refuses`."""

    def __init__(self) -> None:
        self.taken: list[Envelope] = []
        self.refuses = set[str]()

    async def handle_RCPT(  # noqa: N802  the name that the server calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        if address in self.refuses:
            return "450 try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802  the same
        self.taken.append(envelope)
        return "250 OK"

    @property
    def messages(self) -> list[EmailMessage]:
        """The received messages, parsed."""
        return [
            email.message_from_bytes(one.original_content or b"", policy=email.policy.default) for one in self.taken
        ]


@pytest.fixture
def sink() -> Iterator[Sink]:
    """The messages of a mail server that the site is configured to use."""
    taking = Sink()
    server = MailServer(
        taking, hostname="127.0.0.1", port=free_port(), auth_require_tls=False, auth_required=False,
        authenticator=lambda *_: AuthResult(success=True),
    )  # fmt: skip
    server.start()
    _configure(server.port)
    with override_settings(EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend"):
        yield taking
    server.stop()


def _configure(port: int) -> None:
    mail = MailSettings(host="127.0.0.1", port=port, from_address="hub@example.org", tls="none")
    registry.install(registry.current(), replace(registry.site(), mail=mail))


@pytest.fixture
def original(site: object, make_user: Person, workspace_of: Make) -> Workspace:
    User.objects.create(username="ada", first_name="Ada", last_name="Lovelace", email="ada@example.org")
    return workspace_of(make_user("ada"), "cell-atlas")


@pytest.fixture
def grace(make_user: Person) -> User:
    return make_user("grace")


def test_a_receiver_gets_a_mail(original: Workspace, grace: User, sink: Sink) -> None:
    share = offer(original, grace)
    assert [send_due_mail(now=timezone.now()) for _ in range(3)] == [1, 0, 0]
    (message,) = sink.messages
    assert (message["From"], message["To"]) == ("hub@example.org", "grace@example.org")
    assert message["Subject"] == "Ada Lovelace (ada) offers you a copy of cell-atlas"
    assert message["Message-ID"].startswith(f"<share-{share.pk}-")
    body = message.get_content()
    assert 'Ada Lovelace (ada) offers you a copy of the workspace "cell-atlas".' in body
    assert "http://localhost:8000/shared/" in body
    mail = Mail.objects.get()
    assert (mail.attempts, mail.next_try_at, mail.sent_at is None) == (1, None, False)


@pytest.mark.parametrize(
    "name",
    [
        "a\r\nBcc: victim@example.org", "a\nSubject: other", "a\u2028b", "a\r\n\r\n<script>", "\u202egnp.exe", "\x07",
        "x" * 255, "\N{SNOWMAN}" * 255, "=?utf-8?q?a?=", '"; DROP', "see http://evil.example/", "%s {0} {address}",
    ],
)  # fmt: skip
def test_an_odd_name_cannot_change_the_message(original: Workspace, grace: User, sink: Sink, name: str) -> None:
    Workspace.objects.filter(pk=original.pk).update(name=name)
    User.objects.filter(pk=original.owner_id).update(first_name=name[:150], last_name="")
    offer(Workspace.objects.get(pk=original.pk), grace)
    assert send_due_mail(now=timezone.now()) == 1
    (envelope,), (message,) = sink.taken, sink.messages
    assert envelope.rcpt_tos == ["grace@example.org"]
    assert {header.lower() for header in message} == {
        "content-type", "mime-version", "content-transfer-encoding", "subject", "from", "to", "date", "message-id"
    }  # fmt: skip
    assert len(message.get_content().splitlines()) == 5
    assert "http://evil" not in message.get_content()
    assert "http://localhost:8000/shared/" in message.get_content()


@pytest.mark.parametrize("address", ["", "nobody", "a@b@c.org", "a@example.org\nBcc: b@example.org", "a@x.org,b@x.org"])
def test_an_invalid_address_gets_no_mail(original: Workspace, grace: User, sink: Sink, address: str) -> None:
    User.objects.filter(pk=grace.pk).update(email=address)
    offer(original, User.objects.get(pk=grace.pk))
    assert not Mail.objects.exists()


def test_no_mail_is_sent_without_a_mail_server(original: Workspace, grace: User) -> None:
    offer(original, grace)
    assert not Mail.objects.exists()
    assert send_due_mail(now=timezone.now()) == 0


def test_rejected_mail_is_retried_and_delays_no_other_mail(
    original: Workspace, grace: User, make_user: Person, sink: Sink
) -> None:
    sink.refuses.add("grace@example.org")
    now = timezone.now()
    offer(original, grace, make_user("eve"), make_user("bob"))
    send_due_mail(now=timezone.now())
    assert sorted(message["To"] for message in sink.messages) == ["bob@example.org", "eve@example.org"]
    pauses = []
    for _ in range(9):
        due = Mail.objects.get(to="grace@example.org").next_try_at
        assert due is not None
        pauses.append(round((due - now).total_seconds() / 60))
        now = due
        assert send_due_mail(now=now) == 1
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    sink.refuses.clear()
    assert send_due_mail(now=now + timedelta(hours=2)) == 1
    assert [message["To"] for message in sink.messages][2:] == ["grace@example.org"]


def test_undeliverable_mail_is_given_up_after_a_day_and_logged(
    original: Workspace, grace: User, sink: Sink, caplog: pytest.LogCaptureFixture
) -> None:
    offer(original, grace)
    _configure(free_port())  # no server listens there
    now = timezone.now()
    with caplog.at_level(logging.ERROR):
        while (due := Mail.objects.get().next_try_at) is not None:
            now = max(now, due)
            send_due_mail(now=now)
            assert now - Mail.objects.get().datetime_created < timedelta(hours=26)
    mail = Mail.objects.get()
    assert (mail.sent_at, mail.attempts > 20) == (None, True)
    assert "failed for the last time" in caplog.text


def test_mail_of_a_controller_that_died_while_sending_is_sent_after_its_lease(
    original: Workspace, grace: User, sink: Sink
) -> None:
    offer(original, grace)
    now = timezone.now()
    assert outbox.claim(Mail.objects.get(), now=now)
    assert send_due_mail(now=now + outbox.mail_lease() / 2) == 0
    assert send_due_mail(now=now + outbox.mail_lease()) == 1
    assert len(sink.taken) == 1


def test_concurrent_controllers_send_each_mail_once(original: Workspace, make_user: Person, sink: Sink) -> None:
    users = [make_user(f"p{number}") for number in range(12)]
    offer(original, *users)
    sent = at_once(3, lambda: send_due_mail(now=timezone.now()))
    assert sum(sent) == len(users)
    assert len({message["To"] for message in sink.messages}) == len(sink.taken) == len(users)


def test_no_mail_is_sent_for_a_withdrawn_offer(original: Workspace, grace: User, sink: Sink) -> None:
    share = offer(original, grace)
    withdraw(user=original.owner, share_id=share.pk, now=timezone.now())
    assert send_due_mail(now=timezone.now()) == 0
    make_copies()
    assert sink.taken == []


def test_mail_of_an_offer_withdrawn_while_sending_is_not_retried(original: Workspace, grace: User, sink: Sink) -> None:
    share, now = offer(original, grace), timezone.now()
    mail = Mail.objects.get()
    assert outbox.claim(mail, now=now)
    withdraw(user=grace, share_id=share.pk, now=now)
    assert outbox.note_failed(mail, now=now)
    assert Mail.objects.get().next_try_at is None


def test_mail_is_sent_with_a_user_and_a_password(original: Workspace, grace: User, sink: Sink) -> None:
    site = registry.site()
    assert site.mail is not None
    mail = replace(site.mail, user="hub", password="wonder")
    registry.install(registry.current(), replace(site, mail=mail))
    offer(original, grace)
    assert send_due_mail(now=timezone.now()) == 1
    assert len(sink.taken) == 1
    assert "wonder" not in repr(mail)
