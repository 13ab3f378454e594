"""One raw query returns the same token and user as Django's two."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from user_workspaces.accounts.actions import mint_token
from user_workspaces.accounts.hot_queries import find_token
from user_workspaces.accounts.models import ApiToken, User
from user_workspaces.registry import Registry

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def columns(row: Model) -> dict[str, object]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


def test_every_column_is_as_django_reads_it(site: Registry, make_user: Callable[..., User]) -> None:
    ada = make_user()
    text = mint_token(user=ada, name="laptop", now=NOW)
    User.objects.update(first_name="Ada", session_epoch=7, last_login=NOW, is_staff=True)
    ApiToken.objects.update(last_used_at=NOW)
    with CaptureQueriesContext(connection) as queries:
        found = find_token(text, now=NOW)
        assert found is not None
        assert columns(found) == columns(ApiToken.objects.get())
    assert len(queries) == 2  # ours, and the one to compare with
    assert columns(found.user) == columns(User.objects.get())
    assert found.user.session_epoch == 7


def test_found_rows_can_be_saved(site: Registry, make_user: Callable[..., User]) -> None:
    found = find_token(mint_token(user=make_user(), name="laptop", now=NOW), now=NOW)
    assert found is not None
    found.name, found.user.first_name = "desk", "Ada"
    found.save()
    found.user.save()
    assert (ApiToken.objects.get().name, User.objects.get().first_name) == ("desk", "Ada")


def test_only_valid_tokens_are_found(site: Registry, make_user: Callable[..., User]) -> None:
    text = mint_token(user=make_user(), name="laptop", now=NOW, lifetime=timedelta(hours=1))
    assert find_token(text, now=NOW + timedelta(minutes=59)) is not None
    assert find_token(text, now=NOW + timedelta(hours=1)) is None
    assert find_token(text[:-1], now=NOW) is None
    User.objects.update(is_active=False)
    assert find_token(text, now=NOW) is None
