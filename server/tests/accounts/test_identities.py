"""People whom a provider proved: known by issuer and subject, whatever they are called there."""

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


def test_who_is_proven_stays_the_same_whatever_they_are_called() -> None:
    """The key is (issuer, subject): name and e-mail at the provider may change, the name here was chosen once."""
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
def test_nobody_gets_a_name_that_a_proven_person_has(other: Identity) -> None:
    """Not with the same e-mail, and not by the word of a portal."""
    user_of_identity(identity=PROVEN)
    with pytest.raises(NotAllowed, match="logs in with another identity provider"):
        user_of_identity(identity=other)


@pytest.mark.parametrize("email", ["", "ada@example.org"])
def test_a_proven_person_takes_over_nobody_who_is_there_already(email: str) -> None:
    User.objects.create(username="ada", email=email)
    with pytest.raises(NotAllowed, match="The user name ada is already taken on this server"):
        user_of_identity(identity=PROVEN)
    assert not ExternalIdentity.objects.exists()


def test_an_operator_says_that_two_are_one() -> None:
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


def test_two_first_visits_of_a_proven_person_at_once_are_one() -> None:
    assert len({user.pk for user in at_once(6, lambda: user_of_identity(identity=PROVEN))}) == 1
    assert ExternalIdentity.objects.count() == 1


def test_two_strangers_who_want_one_name_at_once_do_not_share_it() -> None:
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
    """Says that somebody is known to another issuer."""

    def authenticate(self, credentials: Mapping[str, object]) -> Identity | None:
        return PROVEN


def test_an_authentication_speaks_for_its_own_people_alone(site: Registry) -> None:
    site.user_authentications.add("local", SpeaksForOthers.build("local"))
    with pytest.raises(AuthenticationRejected):
        sign_in(credentials={})


class TellsWhomItIsAsked(SharedAccount):
    """Keeps the identities that accounts were asked for."""

    issuer = PROVEN.issuer
    asked: ClassVar[list[Identity]] = []

    def account_for(self, identity: Identity) -> SystemAccount:
        self.asked.append(identity)
        return super().account_for(identity)


def test_an_account_is_asked_for_by_the_subject_at_that_provider(site: Registry, make_user: Person) -> None:
    site.user_authentications.add("local", TellsWhomItIsAsked.build("local"))
    system_account(user=make_user("grace"), user_authentication="local")
    system_account(user=user_of_identity(identity=PROVEN), user_authentication="local")
    asked = [(identity.issuer, identity.subject, identity.username) for identity in TellsWhomItIsAsked.asked]
    assert asked == [("local", "grace", "grace"), (PROVEN.issuer, "42", "ada")]
