"""The format and the stored form of tokens."""

import string
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from user_workspaces.accounts.actions import mint_client_token, mint_token, revoke_token
from user_workspaces.accounts.hot_queries import find_token
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.accounts.queries import find_client, note_use
from user_workspaces.accounts.tokens import digest_of, is_well_formed, new_token
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.values import Client
from user_workspaces.registry import Registry

NOW = timezone.now()
Person = Callable[..., User]


def test_token_has_its_prefix_and_is_unique() -> None:
    tokens = {new_token().text for _ in range(100)}
    assert len(tokens) == 100
    assert all(text.startswith("uws_") and len(text) == 55 for text in tokens)
    assert set("".join(tokens)) <= {*string.ascii_letters, *string.digits, "_", "-"}
    assert all(is_well_formed(text) for text in tokens)


def test_typing_error_is_detected_without_the_database() -> None:
    text = new_token().text
    for location in range(len(text)):
        other = "A" if text[location] != "A" else "B"
        assert not is_well_formed(text[:location] + other + text[location + 1 :])


@pytest.mark.parametrize("text", ["", "uws_", "x" * 55, "uws_" + "\udcff" * 51, "uws_" + "é" * 51, "\0" * 55])
def test_other_text_is_not_well_formed(text: str) -> None:
    assert not is_well_formed(text)
    assert len(digest_of(text)) == 64


@pytest.mark.django_db
def test_only_the_digest_of_a_token_is_stored(site: Registry, make_user: Person) -> None:
    text = mint_token(user=make_user(), name="laptop", now=NOW)
    kept = ApiToken.objects.values().get()
    assert kept["digest"] == digest_of(text)
    assert text[12:] not in str(kept)
    assert (kept["prefix"], kept["name"], kept["may_mint"]) == (text[:12], "laptop", False)
    assert kept["expires_at"] == NOW + timedelta(days=90)


@pytest.mark.django_db
def test_token_is_valid_until_it_expires(site: Registry, make_user: Person) -> None:
    text = mint_token(user=make_user(), name="x", now=NOW, lifetime=timedelta(hours=1))
    found = find_token(text, now=NOW + timedelta(minutes=59))
    assert found is not None
    assert found.user == make_user()
    assert find_token(text, now=NOW + timedelta(hours=1)) is None


@pytest.mark.django_db
def test_token_of_an_inactive_user_is_invalid(site: Registry, make_user: Person) -> None:
    text = mint_token(user=make_user(), name="x", now=NOW)
    User.objects.update(is_active=False)
    assert find_token(text, now=NOW) is None


@pytest.mark.django_db
def test_a_token_is_revoked_by_its_owner_only(site: Registry, make_user: Person) -> None:
    text = mint_token(user=make_user(), name="x", now=NOW)
    token_id = ApiToken.objects.get().pk
    assert not revoke_token(user=make_user("mallory"), token_id=token_id)
    assert find_token(text, now=NOW) is not None
    assert revoke_token(user=make_user(), token_id=token_id)
    assert find_token(text, now=NOW) is None
    assert not revoke_token(user=make_user(), token_id=token_id)


@pytest.mark.django_db
def test_last_use_is_recorded_to_the_minute(site: Registry, make_user: Person) -> None:
    text = mint_token(user=make_user(), name="x", now=NOW)
    for seconds, noted in ((0, 0), (59, 0), (61, 61)):
        token = find_token(text, now=NOW)
        assert token is not None
        note_use(token, now=NOW + timedelta(seconds=seconds))
        assert ApiToken.objects.get().last_used_at == NOW + timedelta(seconds=noted)


@pytest.mark.django_db
def test_only_client_tokens_may_mint(site: Registry, make_user: Person) -> None:
    assert find_client(mint_client_token(name="portal", now=NOW)) == Client("portal", may_mint=True)
    assert find_client(mint_token(user=make_user(), name="x", now=NOW)) == Client("x", may_mint=False)
    assert find_client("nothing") is None
    assert find_client(mint_client_token(name="old", now=NOW, lifetime=timedelta(0))) is None


@pytest.mark.django_db
def test_a_client_has_one_service_and_may_have_many_tokens(site: Registry) -> None:
    assert mint_client_token(name="portal", now=NOW) != mint_client_token(name="portal", now=NOW)
    service = User.objects.get()
    assert (service.username, service.is_service, service.api_tokens.count()) == ("client:portal", True, 2)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["", " ", "a\0b"])
def test_client_needs_a_valid_name(site: Registry, name: str) -> None:
    with pytest.raises(InvalidRequest, match="name"):
        mint_client_token(name=name, now=NOW)
    assert not ApiToken.objects.exists()
