"""Values of plug-ins: read once, by the same plug-in, until they expire, and encrypted."""

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


def test_value_is_read_once() -> None:
    put("key", "värde", 60)
    assert (pop("key"), pop("key"), pop("other")) == ("värde", None, None)


def test_one_of_many_simultaneous_reads_gets_the_value() -> None:
    put("key", "value", 60)
    assert sorted(at_once(20, lambda: pop("key") or "")) == [""] * 19 + ["value"]


def test_value_expires() -> None:
    put("key", "value", 60)
    OneTimeValue.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert pop("key") is None
    put("key", "again", 60)
    assert pop("key") == "again"


def test_value_is_not_replaced() -> None:
    put("key", "mine", 60)
    with pytest.raises(InvalidRequest):
        put("key", "yours", 60)
    assert pop("key") == "mine"


def test_key_and_value_are_not_stored_as_plain_text() -> None:
    put("the-state", "the-verifier", 60)
    raw = str(list(OneTimeValue.objects.extra(select={"raw": "value"}).values("digest", "raw")))
    assert "the-state" not in raw
    assert "the-verifier" not in raw


@pytest.mark.parametrize("key", ["", "x" * 5000, "a\0b", "\udcff"])
def test_key_can_be_any_text(key: str) -> None:
    put(key, "value", 60)
    assert pop(key) == "value"


def test_plug_ins_cannot_read_values_of_others() -> None:
    one, two = context("one"), context("two")
    one.remember("state", "mine", 60)
    assert two.recall("state") is None
    assert context("one", PluginKind.STORAGE).recall("state") is None
    assert one.recall("state") == "mine"


def test_authentication_gets_its_callback_url() -> None:
    assert context("one").callback_url == "https://uws.example.org/login/with/one/done/"
    assert context("one", PluginKind.STORAGE).callback_url == ""


def test_context_without_a_store_raises() -> None:
    bare = PluginContext("n", Path("/a"), Path("/b"), Path("/c"), lambda _: None)
    for use in (lambda: bare.remember("k", "v", 1), lambda: bare.recall("k")):
        with pytest.raises(ConfigurationError, match="built without `remember`"):
            use()  # type: ignore[no-untyped-call]  # a lambda has no types
