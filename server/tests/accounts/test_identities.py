"""Proven identities: users are known by issuer and subject, not by name."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import ClassVar

import pytest
from django.core.management import CommandError, call_command

from support.concurrency import at_once
from user_workspaces.accounts.actions import sign_in, system_account, user_of_identity
from user_workspaces.accounts.models import ExternalIdentity, User
from user_workspaces.errors import AuthenticationRejected, NotAllowed
from user_workspaces.interfaces.values import Identity, SystemAccount
from user_workspaces.registry import Registry
from user_workspaces.testing.fake_user_authentication import SharedAccount

pytestmark = pytest.mark.django_db(transaction=True)
Person = Callable[..., User]
ADA = Identity(issuer="local", subject="ada", username="ada", email="ada@example.org")
PROVEN = Identity(
    issuer="https://id.example.org", subject="42", username="ada", email="ada@example.org", is_proven=True
)


def test_proven_identity_keeps_its_user_after_renaming() -> None:
    """The key is (issuer, subject): name and e-mail address at the provider can change, the user name does not."""
    first = user_of_identity(identity=PROVEN)
    again = user_of_identity(identity=replace(PROVEN, username="countess", email="lovelace@example.org"))
    assert (again, again.username) == (first, "ada")
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    "other",
    [
        replace(PROVEN, issuer="https://another.example.org"),
        replace(PROVEN, issuer="https://another.example.org", email="x@example.org"),
        replace(PROVEN, subject="43"),
        replace(ADA, email=""),
        ADA,
    ],
)
def test_username_of_a_proven_identity_is_reserved(other: Identity) -> None:
    """Neither with the same e-mail address nor by a data portal."""
    user_of_identity(identity=PROVEN)
    with pytest.raises(NotAllowed, match="logs in with another identity provider"):
        user_of_identity(identity=other)


@pytest.mark.parametrize("email", ["", "ada@example.org"])
def test_proven_identity_does_not_take_over_an_existing_user(email: str) -> None:
    User.objects.create(username="ada", email=email)
    with pytest.raises(NotAllowed, match="The user name ada is already taken on this server"):
        user_of_identity(identity=PROVEN)
    assert not ExternalIdentity.objects.exists()


def test_operator_links_an_identity() -> None:
    there = User.objects.create(username="ada")
    call_command("link_identity", "ada", PROVEN.issuer, PROVEN.subject)
    call_command("link_identity", "ada", PROVEN.issuer, PROVEN.subject)
    assert user_of_identity(identity=PROVEN) == there
    User.objects.create(username="grace")
    User.objects.create(username="robot", is_service=True)
    for name, subject in (("grace", PROVEN.subject), ("robot", "7"), ("unknown", "7")):
        with pytest.raises(CommandError):
            call_command("link_identity", name, PROVEN.issuer, subject)
    assert ExternalIdentity.objects.count() == 1


def test_simultaneous_first_logins_of_a_proven_identity_create_one_user() -> None:
    assert len({user.pk for user in at_once(6, lambda: user_of_identity(identity=PROVEN))}) == 1
    assert ExternalIdentity.objects.count() == 1


def test_simultaneous_identities_with_one_username_do_not_share_it() -> None:
    subjects = iter([str(number) for number in range(6)])

    def visit() -> bool:
        try:
            user_of_identity(identity=replace(PROVEN, subject=next(subjects)))
        except NotAllowed:
            return False
        return True

    assert at_once(6, visit).count(True) == 1
    assert ExternalIdentity.objects.count() == 1


class SpeaksForOthers(SharedAccount):
    """Returns identities of another issuer."""

    def authenticate(self, credentials: Mapping[str, object]) -> Identity | None:
        return PROVEN


def test_authentication_cannot_log_in_users_of_another(site: Registry) -> None:
    site.user_authentications.add("local", SpeaksForOthers.build("local"))
    with pytest.raises(AuthenticationRejected):
        sign_in(credentials={})


class RecordsIdentities(SharedAccount):
    """Records the identities that accounts were requested for."""

    issuer = PROVEN.issuer
    asked: ClassVar[list[Identity]] = []

    def account_for(self, identity: Identity) -> SystemAccount:
        self.asked.append(identity)
        return super().account_for(identity)


def test_account_is_requested_by_the_subject_of_its_provider(site: Registry, make_user: Person) -> None:
    site.user_authentications.add("local", RecordsIdentities.build("local"))
    system_account(user=make_user("grace"), user_authentication="local")
    system_account(user=user_of_identity(identity=PROVEN), user_authentication="local")
    asked = [(identity.issuer, identity.subject, identity.username) for identity in RecordsIdentities.asked]
    assert asked == [("local", "grace", "grace"), (PROVEN.issuer, "42", "ada")]
