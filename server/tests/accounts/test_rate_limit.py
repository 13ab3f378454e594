"""Rate limits are exact for threads and processes, on both databases."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from support.concurrency import at_once
from user_workspaces.accounts import one_time_store
from user_workspaces.accounts.expiry import clear_ended
from user_workspaces.accounts.login import counted
from user_workspaces.accounts.models import ApiToken, AttemptCount, LoginLink, OneTimeValue, User
from user_workspaces.accounts.rate_limit import (
    Budget,
    bucket_of,
    clear_attempts,
    client_network,
    consume,
    consume_all,
    is_remembered,
    refund,
    remember,
)
from user_workspaces.errors import AuthenticationRejected, ResourceUnavailable, TooManyAttempts
from user_workspaces.interfaces.settings import RateLimit

NOW = timezone.now()
LIMIT = RateLimit(20)
SOURCES = Path(__file__).resolve().parents[2] / "src"
MANY = """
import django, os, sys, threading
django.setup()
from django.db import connections
from django.utils import timezone
from user_workspaces.accounts.rate_limit import consume
from user_workspaces.errors import TooManyAttempts
from user_workspaces.interfaces.settings import RateLimit
through = []
def run():
    for _ in range(10):
        try:
            consume("many", limit=RateLimit(20), now=timezone.now())
            through.append(1)
        except TooManyAttempts:
            pass
    connections.close_all()
sys.stdin.readline()
threads = [threading.Thread(target=run) for _ in range(5)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(through))
"""


def got_through(bucket: str = "b", limit: RateLimit = LIMIT, now: object = NOW) -> bool:
    try:
        consume(bucket, limit=limit, now=now)  # type: ignore[arg-type]  # a wrong one on purpose
    except TooManyAttempts:
        return False
    return True


@pytest.mark.django_db
def test_window_starts_with_the_first_attempt_and_the_next_after_its_end() -> None:
    assert [got_through() for _ in range(21)] == [True] * 20 + [False]
    with pytest.raises(TooManyAttempts) as refused:
        consume("b", limit=LIMIT, now=NOW + timedelta(seconds=50, microseconds=1))
    assert (refused.value.retry_after, refused.value.message) == (10, "Too many attempts. Try again in 10 seconds.")
    later = NOW + timedelta(minutes=1)
    assert [got_through(now=later) for _ in range(21)] == [True] * 20 + [False]
    assert AttemptCount.objects.count() == 1


@pytest.mark.django_db
def test_buckets_are_counted_apart() -> None:
    assert [got_through(bucket) for bucket in ("a", "b") for _ in range(21)] == ([True] * 20 + [False]) * 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("state", ["new", "started", "over"])
def test_limit_is_exact_for_two_hundred_threads(state: str) -> None:
    """Creating, incrementing and restarting a row are separate races."""
    if state != "new":
        AttemptCount.objects.create(bucket="b", count=0 if state == "begun" else 20, ends_at=NOW)
    if state == "begun":
        AttemptCount.objects.update(ends_at=NOW + timedelta(minutes=1))
    found = at_once(20, lambda: [got_through() for _ in range(10)])
    assert [through for some in found for through in some].count(True) == 20
    assert AttemptCount.objects.get().count == 20


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_limit_is_exact_for_four_processes() -> None:
    database = connection.settings_dict
    name = str(database["NAME"])
    address = (
        f"sqlite:///{name}"
        if connection.vendor == "sqlite"
        else "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    )
    if connection.vendor == "postgresql" and str(database["HOST"]).startswith("/"):
        address = f"postgresql://{database['USER']}@{str(database['HOST']).replace('/', '%2F')}/{name}"
    environment = {
        **os.environ,
        "DATABASE_URL": address,
        "DJANGO_SETTINGS_MODULE": "user_workspaces.config.settings",
        "PYTHONPATH": str(SOURCES),
    }
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", MANY], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    printed = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert sum(int(text) for text in printed) == 20


@pytest.mark.django_db
def test_successful_attempt_is_not_counted() -> None:
    for _ in range(50):
        with counted(Budget("k", LIMIT), now=NOW):
            pass
    for _ in range(50):
        with pytest.raises(ResourceUnavailable), counted(Budget("k", LIMIT), now=NOW):
            raise ResourceUnavailable("away")
    assert AttemptCount.objects.get().count == 0


@pytest.mark.django_db
@pytest.mark.parametrize("error", [AuthenticationRejected("no"), RuntimeError("a bug"), KeyboardInterrupt()])
def test_failed_attempt_stays_counted(error: BaseException) -> None:
    with pytest.raises(type(error)), counted(Budget("k", LIMIT), now=NOW):
        raise error
    assert AttemptCount.objects.get().count == 1


@pytest.mark.django_db
def test_refund_stops_at_zero() -> None:
    refund("b")
    consume("b", limit=LIMIT, now=NOW)
    refund("b")
    refund("b")
    assert AttemptCount.objects.get().count == 0


@pytest.mark.django_db
def test_attempt_is_counted_in_all_buckets_or_none() -> None:
    budgets = [Budget("a", RateLimit(5)), Budget("b", RateLimit(2)), Budget("c", RateLimit(5))]
    for _ in range(2):
        consume_all(budgets, now=NOW)
    for _ in range(3):
        with pytest.raises(TooManyAttempts):
            consume_all(budgets, now=NOW)
    assert dict(AttemptCount.objects.values_list("bucket", "count")) == {"a": 2, "b": 2, "c": 2}


@pytest.mark.django_db
def test_valid_credentials_are_remembered_and_written_once_a_day() -> None:
    month = timedelta(days=30)
    assert not is_remembered("b", now=NOW)
    remember("b", lifetime=month, now=NOW)
    for hours, ends in ((0, NOW + month), (23, NOW + month), (25, NOW + timedelta(hours=25) + month)):
        remember("b", lifetime=month, now=NOW + timedelta(hours=hours))
        assert AttemptCount.objects.get().ends_at == ends
    assert is_remembered("b", now=NOW + month)
    assert not is_remembered("b", now=NOW + timedelta(hours=25) + month)


@pytest.mark.django_db(transaction=True)
def test_remember_works_simultaneously() -> None:
    at_once(8, lambda: remember("b", lifetime=timedelta(days=1), now=NOW))
    assert AttemptCount.objects.get().bucket == "b"


@pytest.mark.parametrize("who", ["", "ada", "x" * 5000, "a\0b", "\udcff"])
def test_bucket_hides_its_key_and_fits_the_column(who: str) -> None:
    bucket = bucket_of("tokens.address", who)
    assert len(bucket) <= 100
    assert "ada" not in bucket
    assert bucket.isprintable()


@pytest.mark.parametrize(
    ("peer", "told", "trusted", "sender"),
    [
        ("192.0.2.1", "", (), "192.0.2.1"),
        ("192.0.2.1", "10.0.0.1", (), "192.0.2.1"),
        ("127.0.0.1", "10.0.0.1", ("127.0.0.1",), "10.0.0.1"),
        ("127.0.0.1", "6.6.6.6, 10.0.0.1", ("127.0.0.1",), "10.0.0.1"),
        ("127.0.0.1", "6.6.6.6, 10.0.0.1, 10.0.0.2", ("127.0.0.1", "10.0.0.2"), "10.0.0.1"),
        ("127.0.0.1", "", ("127.0.0.1",), "127.0.0.1"),
        ("127.0.0.1", " , ,", ("127.0.0.1",), "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "", (), "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9", "", (), "2001:db8:1:2::/64"),
        ("::1", "", (), "::/64"),
        ("::ffff:192.0.2.1", "", (), "192.0.2.1"),
        ("", "10.0.0.1", (), ""),
        ("127.0.0.1", "unknown", ("127.0.0.1",), "127.0.0.1"),
    ],
)
def test_client_network_of_each_address(peer: str, told: str, trusted: tuple[str, ...], sender: str) -> None:
    assert client_network(peer=peer, forwarded_for=told, trusted_proxies=trusted) == sender


@pytest.mark.django_db
def test_only_expired_rows_are_deleted(site: object, make_user: Callable[..., User]) -> None:
    user = make_user()
    for number, end in enumerate((NOW, NOW + timedelta(hours=1))):
        AttemptCount.objects.create(bucket=str(number), count=1, ends_at=end)
        LoginLink.objects.create(user=user, digest=str(number), expires_at=end)
        ApiToken.objects.create(user=user, digest=str(number), created_at=NOW, expires_at=end)
        one_time_store.put(str(number), "text", 60)
    OneTimeValue.objects.filter(pk=OneTimeValue.objects.earliest("pk").pk).update(expires_at=NOW)
    assert clear_ended(now=NOW) == 4
    assert [model.objects.count() for model in (AttemptCount, LoginLink, ApiToken, OneTimeValue)] == [1, 1, 1, 1]
    assert clear_attempts(now=NOW) == 0
