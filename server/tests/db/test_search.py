"""Case-insensitive search in any script."""

from collections.abc import Callable

import pytest

from user_workspaces.accounts.models import User
from user_workspaces.db.search import contains

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("word", ["émile", "ÉMILE", "zOLÁ", "mile", "l.á"])
def test_case_is_ignored_in_any_script(make_user: Callable[..., User], word: str) -> None:
    emile = make_user()
    User.objects.filter(pk=emile.pk).update(first_name="Émile", last_name="Zolá")
    found = User.objects.filter(contains(word, "first_name", "last_name"))
    assert list(found) == ([] if "." in word else [emile])


@pytest.mark.parametrize("word", ["%", "_", "é.*", "(é", "\\é", "[é"])
def test_special_characters_of_patterns_are_literal(make_user: Callable[..., User], word: str) -> None:
    emile = make_user()
    User.objects.filter(pk=emile.pk).update(first_name="Émile")
    assert not User.objects.filter(contains(word, "first_name", "email")).exists()
    User.objects.filter(pk=emile.pk).update(first_name=f"x{word}x")
    assert User.objects.filter(contains(word, "first_name", "email")).exists()
