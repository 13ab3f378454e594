"""Users and identities of first logins, errors, login links and system accounts."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from support.concurrency import at_once
from user_workspaces.accounts.actions import (
    create_login_link,
    create_user_by_name,
    end_log_ins,
    end_sessions,
    redeem_login_link,
    sign_in,
    system_account,
    user_of_identity,
)
from user_workspaces.accounts.models import ExternalIdentity, LoginLink, OwnedAccount, User
from user_workspaces.accounts.queries import search_users, user_of_login_link
from user_workspaces.errors import AuthenticationRejected, InvalidRequest, NotAllowed
from user_workspaces.interfaces.values import Identity, SystemAccount
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_user_authentication import SharedAccount

pytestmark = pytest.mark.django_db(transaction=True)
NOW = timezone.now()
ADA = Identity(
    issuer="local", subject="ada", username="ada", email="ada@example.org", first_name="Ada", last_name="Lovelace"
)
Person = Callable[..., User]


def test_first_login_creates_the_user_and_the_second_finds_it() -> None:
    first, second = user_of_identity(identity=ADA), user_of_identity(identity=ADA)
    assert first == second
    assert (first.username, first.email, first.get_full_name()) == ("ada", "ada@example.org", "Ada Lovelace")
    assert not first.has_usable_password() or first.password == ""


def test_simultaneous_first_logins_create_one_user() -> None:
    users = at_once(6, lambda: user_of_identity(identity=ADA))
    assert len({user.pk for user in users}) == 1
    assert (User.objects.count(), ExternalIdentity.objects.count()) == (1, 1)


def test_email_is_compared_without_case() -> None:
    assert user_of_identity(identity=ADA) == user_of_identity(identity=replace(ADA, email="Ada@Example.ORG"))


@pytest.mark.parametrize("known_before", [True, False])
def test_a_name_with_another_email_is_refused(*, known_before: bool) -> None:
    if known_before:
        user_of_identity(identity=ADA)
    else:
        User.objects.create(username="ada", email=ADA.email)
    with pytest.raises(NotAllowed, match="another e-mail address"):
        user_of_identity(identity=replace(ADA, email="mallory@example.org"))
    assert ExternalIdentity.objects.count() == int(known_before)


def test_user_of_the_command_line_gets_the_email_of_the_first_login() -> None:
    create_user_by_name(username="ada")
    user_of_identity(identity=ADA)
    with pytest.raises(NotAllowed):
        user_of_identity(identity=replace(ADA, email="mallory@example.org"))


@pytest.mark.parametrize("field", ["is_service", "is_staff", "is_superuser"])
@pytest.mark.parametrize("known_before", [True, False])
def test_services_and_administrators_cannot_sign_in(field: str, *, known_before: bool) -> None:
    if known_before:
        user_of_identity(identity=ADA)
    User.objects.update_or_create(username="ada", defaults={field: True})
    with pytest.raises(NotAllowed, match="a service or an administrator"):
        user_of_identity(identity=ADA)
    assert ExternalIdentity.objects.count() == int(known_before)


def test_inactive_user_cannot_sign_in() -> None:
    user_of_identity(identity=ADA)
    User.objects.update(is_active=False)
    with pytest.raises(AuthenticationRejected):
        user_of_identity(identity=ADA)


@pytest.mark.parametrize("other", [replace(ADA, issuer="elsewhere"), replace(ADA, subject="12345")])
def test_username_of_another_identity_is_refused(other: Identity) -> None:
    """Also at the same provider: two subjects are two users, even with equal names."""
    user_of_identity(identity=ADA)
    with pytest.raises(NotAllowed, match="logs in with another identity provider"):
        user_of_identity(identity=other)
    assert ExternalIdentity.objects.count() == 1


@pytest.mark.parametrize(
    "name", ["", "Ada", "ada lovelace", "-ada", "1ada", "a" * 33, "ada\n", "../ada", "client:x", "é"]
)
def test_invalid_usernames_are_refused(name: str) -> None:
    with pytest.raises(InvalidRequest):
        user_of_identity(identity=replace(ADA, username=name))
    with pytest.raises(InvalidRequest):
        create_user_by_name(username=name)
    assert not User.objects.exists()


def test_sign_in_uses_the_configured_authentication(site: Registry) -> None:
    assert sign_in(credentials={"username": "ada"}).username == "ada"
    with pytest.raises(AuthenticationRejected, match=r"^Incorrect authentication credentials\.$"):
        sign_in(credentials={"something": "else"})


def test_a_login_link_works_once_within_ten_minutes(make_user: Person) -> None:
    text = create_login_link(user=make_user(), now=NOW)
    almost, over = NOW + timedelta(minutes=9, seconds=59), NOW + timedelta(minutes=10)
    assert redeem_login_link(text=text, now=over) is None
    assert user_of_login_link(text=text, now=almost) == make_user()
    assert redeem_login_link(text=text, now=almost) == make_user()
    assert redeem_login_link(text=text, now=almost) is None
    assert text not in str(list(LoginLink.objects.values()))


def test_login_link_serves_one_of_many_simultaneous_requests(make_user: Person) -> None:
    text = create_login_link(user=make_user(), now=NOW)
    found = at_once(6, lambda: redeem_login_link(text=text, now=NOW))
    assert len([user for user in found if user]) == 1


def test_expired_login_links_are_deleted(make_user: Person) -> None:
    create_login_link(user=make_user(), now=NOW)
    create_login_link(user=make_user(), now=NOW + timedelta(hours=1))
    assert LoginLink.objects.count() == 1


def test_login_link_of_an_inactive_user_is_invalid(make_user: Person) -> None:
    text = create_login_link(user=make_user(), now=NOW)
    User.objects.update(is_active=False)
    assert redeem_login_link(text=text, now=NOW) is None
    with pytest.raises(InvalidRequest, match="not active"):
        create_login_link(user=User.objects.get(), now=NOW)


def test_a_service_gets_no_login_link() -> None:
    User.objects.create(username="robot", is_service=True)
    with pytest.raises(InvalidRequest, match="is a service"):
        create_user_by_name(username="robot")
    assert User.objects.get(username="robot").is_service


@pytest.mark.parametrize("command", [("login_link", "Bad Name"), ("create_client_token", " ")])
def test_commands_report_errors(command: tuple[str, str]) -> None:
    with pytest.raises(CommandError):
        call_command(*command)


def test_the_commands_print_what_was_made(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("create_client_token", "portal")
    assert capsys.readouterr().out.startswith("uws_")
    call_command("login_link", "ada")
    secret = capsys.readouterr().out.strip().rstrip("/").rpartition("/")[2]
    assert redeem_login_link(text=secret, now=timezone.now()) == User.objects.get(username="ada")


def test_ending_sessions_increments_the_session_epoch(make_user: Person) -> None:
    end_sessions(user=make_user())
    assert (User.objects.get().session_epoch, make_user().session_epoch) == (1, 1)


def test_a_system_account_is_on_record_from_its_first_use(site: Registry, make_user: Person) -> None:
    accounts = at_once(4, lambda: system_account(user=make_user(), user_authentication="local"))
    assert len(set(accounts)) == 1
    kept = OwnedAccount.objects.get()
    assert (kept.name, kept.uid) == (accounts[0].name, accounts[0].uid)


@pytest.mark.parametrize("change", [{"uid": 54321}, {"name": "somebody"}])
def test_system_account_with_another_uid_is_refused(
    site: Registry, make_user: Person, change: dict[str, object]
) -> None:
    account = system_account(user=make_user(), user_authentication="local")
    site.user_authentications.add("local", ItChanged.build("local"))
    ItChanged.account = replace(account, **change)  # type: ignore[arg-type]  # fields by name
    with pytest.raises(NotAllowed, match=f"expected {account.name} with uid {account.uid}"):
        system_account(user=make_user(), user_authentication="local")


class ItChanged(SharedAccount):
    """The name belongs to another account now."""

    account: SystemAccount

    def account_for(self, identity: Identity) -> SystemAccount:
        return self.account


def test_users_are_found_by_parts_of_names_and_email() -> None:
    ada = user_of_identity(identity=ADA)
    grace = User.objects.create(username="grace", first_name="Grace", last_name="Hopper", email="g@navy.example")
    User.objects.create(username="robot", first_name="Ada", is_service=True)
    User.objects.create(username="gone", first_name="Ada", is_active=False)
    me = User.objects.create(username="me", first_name="Ada")
    assert list(search_users("ADA love", excluding=me)) == [ada]
    assert list(search_users("navy", excluding=me)) == [grace]
    assert list(search_users("", excluding=me)) == [ada, grace]
    assert list(search_users("ada navy", excluding=me)) == []
    assert list(search_users("a " * 5000, excluding=me)) == [ada, grace]
    assert list(search_users("100% _", excluding=me)) == []


def test_logging_out_everywhere_ends_every_log_in(make_user: Person) -> None:
    before = make_user().get_session_auth_hash()
    end_sessions(user=make_user())
    assert make_user().get_session_auth_hash() == before
    end_log_ins(user=make_user())
    assert make_user().get_session_auth_hash() != before
    assert make_user().session_epoch == 2
