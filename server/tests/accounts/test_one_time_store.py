"""What plug-ins put away: recalled once, by the one who put it there, for a while, never in clear."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from support.concurrency import at_once
from user_workspaces.accounts.models import OneTimeValue
from user_workspaces.accounts.one_time_store import pop, put
from user_workspaces.errors import ConfigurationError, InvalidRequest
from user_workspaces.interfaces.values import PluginContext
from user_workspaces.registry import Declaration, PluginKind, Surroundings

pytestmark = pytest.mark.django_db(transaction=True)


def context(name: str, kind: PluginKind = PluginKind.USER_AUTHENTICATION) -> PluginContext:
    nowhere = Path("/nonexistent")
    surroundings = Surroundings(nowhere, nowhere, lambda _: None, put, pop, "https://uws.example.org")
    return surroundings.context_of(Declaration(kind, name, "T", {}, "k"))


def test_what_was_put_away_is_recalled_once() -> None:
    put("key", "värde", 60)
    assert (pop("key"), pop("key"), pop("other")) == ("värde", None, None)


def test_of_many_at_once_one_recalls_it() -> None:
    put("key", "value", 60)
    assert sorted(at_once(20, lambda: pop("key") or "")) == [""] * 19 + ["value"]


def test_it_is_forgotten_in_time() -> None:
    put("key", "value", 60)
    OneTimeValue.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert pop("key") is None
    put("key", "again", 60)
    assert pop("key") == "again"


def test_nothing_is_replaced() -> None:
    put("key", "mine", 60)
    with pytest.raises(InvalidRequest):
        put("key", "yours", 60)
    assert pop("key") == "mine"


def test_neither_key_nor_value_is_stored_in_clear() -> None:
    put("the-state", "the-verifier", 60)
    raw = str(list(OneTimeValue.objects.extra(select={"raw": "value"}).values("digest", "raw")))
    assert "the-state" not in raw
    assert "the-verifier" not in raw


@pytest.mark.parametrize("key", ["", "x" * 5000, "a\0b", "\udcff"])
def test_any_key_will_do(key: str) -> None:
    put(key, "value", 60)
    assert pop(key) == "value"


def test_plug_ins_do_not_recall_what_is_anothers() -> None:
    one, two = context("one"), context("two")
    one.remember("state", "mine", 60)
    assert two.recall("state") is None
    assert context("one", PluginKind.STORAGE).recall("state") is None
    assert one.recall("state") == "mine"


def test_an_authentication_is_told_where_the_portal_is_come_back_to() -> None:
    assert context("one").callback_url == "https://uws.example.org/login/with/one/done/"
    assert context("one", PluginKind.STORAGE).callback_url == ""


def test_a_plug_in_without_a_memory_says_so() -> None:
    bare = PluginContext("n", Path("/a"), Path("/b"), Path("/c"), lambda _: None)
    for use in (lambda: bare.remember("k", "v", 1), lambda: bare.recall("k")):
        with pytest.raises(ConfigurationError, match="without a memory"):
            use()  # type: ignore[no-untyped-call]  # a lambda has no types
