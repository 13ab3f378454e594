"""Logins by password: each state of the three budgets, and the result of an attempt."""

import itertools
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum

import pytest
from django.utils import timezone

from user_workspaces import registry
from user_workspaces.accounts.login import FAILURE_FACTOR, KNOWN_FOR, counted_log_in
from user_workspaces.errors import AuthenticationRejected, TooManyAttempts
from user_workspaces.interfaces.settings import RateLimit, RateLimits
from user_workspaces.registry import Registry

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
NOW = timezone.now()
PER_ACCOUNT, PER_ADDRESS = 3, 4
HERE, HOME = "192.0.2.1", "198.51.100.1"


class Result(StrEnum):
    IN = "let in"
    WRONG = "looked at, and refused"
    TOO_MANY = "looked at, and told that it was too many"
    UNSEEN = "not looked at: no password is hashed"


@pytest.fixture(autouse=True)
def _few(site: Registry) -> None:
    few = RateLimits(log_ins_per_account=RateLimit(PER_ACCOUNT), log_ins_per_address=RateLimit(PER_ADDRESS))
    registry.install(site, replace(registry.site(), rate_limits=few))


def check(*, good: bool) -> None:
    if not good:
        raise AuthenticationRejected("no")


def attempt(name: str, address: str, *, good: bool, now: object = NOW) -> Result:
    looked_at = False
    try:
        with counted_log_in(address=address, username=name, now=now):  # type: ignore[arg-type]  # it is a time
            looked_at = True
            check(good=good)
    except TooManyAttempts:
        return Result.TOO_MANY if looked_at else Result.UNSEEN
    except AuthenticationRejected:
        return Result.WRONG
    return Result.IN


def fail_here(number: int) -> None:
    """Fail for many accounts from one address, each once."""
    for one in range(number):
        attempt(f"somebody-{one}", HERE, good=False)


def attack(name: str) -> None:
    """Fail for one account from many addresses."""
    for one in range(PER_ACCOUNT):
        attempt(name, f"203.0.113.{one}", good=False)


def expected(*, known: bool, pair: bool, account: bool, failed_here: int, good: bool) -> Result:
    """The table of decision 0022, row by row."""
    if pair or (not known and (account or failed_here >= PER_ADDRESS * FAILURE_FACTOR)):
        return Result.UNSEEN
    if good:
        return Result.IN
    return Result.TOO_MANY if failed_here >= PER_ADDRESS else Result.WRONG


@pytest.mark.parametrize(
    ("known", "pair", "account", "failed_here", "good"),
    list(
        itertools.product(
            (False, True), (False, True), (False, True), (0, PER_ADDRESS, PER_ADDRESS * FAILURE_FACTOR), (False, True)
        )
    ),
)
def test_each_state_of_the_budgets(*, known: bool, pair: bool, account: bool, failed_here: int, good: bool) -> None:
    """`pair`: Ada's budget for this address is used up; `account`: that for all unknown addresses."""
    if known:
        assert attempt("ada", HERE, good=True) is Result.IN
    if pair:
        for _ in range(PER_ACCOUNT):
            attempt("Ada", HERE, good=False)
    if account:
        attack("ADA")
    fail_here(failed_here)
    wanted = expected(known=known, pair=pair, account=account, failed_here=failed_here, good=good)
    assert attempt("ada", HERE, good=good) is wanted


def test_attack_from_many_addresses_does_not_block_known_addresses() -> None:
    for address in (HERE, HOME):
        assert attempt("ada", address, good=True) is Result.IN
    attack("ada")
    assert [attempt("ada", f"203.0.113.{one}", good=False) for one in range(50, 60)] == [Result.UNSEEN] * 10
    assert [attempt("ada", address, good=True) for address in (HERE, HOME)] == [Result.IN] * 2
    assert attempt("ada", "203.0.113.99", good=True) is Result.UNSEEN  # a new one has to wait for the next window
    assert attempt("ada", "203.0.113.99", good=True, now=NOW + timedelta(minutes=1)) is Result.IN


def test_attack_from_a_known_address_blocks_only_that_address() -> None:
    for address in (HERE, HOME):
        attempt("ada", address, good=True)
    assert [attempt("ada", HERE, good=False) for _ in range(5)] == [Result.WRONG] * 3 + [Result.UNSEEN] * 2
    assert [attempt("ada", address, good=True) for address in (HERE, HOME)] == [Result.UNSEEN, Result.IN]


def test_guesses_at_one_account_are_bounded_across_addresses() -> None:
    found = [attempt("ada", f"203.0.113.{one}", good=False) for one in range(100)]
    assert found == [Result.WRONG] * PER_ACCOUNT + [Result.UNSEEN] * (100 - PER_ACCOUNT)


def test_hashes_for_one_address_are_bounded_across_accounts() -> None:
    found = [attempt(f"u{one}", HERE, good=False) for one in range(100)]
    most = PER_ADDRESS * FAILURE_FACTOR
    assert [found.count(one) for one in (Result.WRONG, Result.TOO_MANY, Result.UNSEEN)] == [
        PER_ADDRESS,
        most - PER_ADDRESS,
        100 - most,
    ]


def test_rejected_attempts_consume_no_budget() -> None:
    """Many attempts for one account do not block the address for others."""
    for _ in range(200):
        attempt("ada", HERE, good=False)
    assert attempt("grace", HERE, good=True) is Result.IN


def test_address_stays_known_for_a_while() -> None:
    attempt("ada", HERE, good=True)
    for later, wanted in ((KNOWN_FOR - timedelta(seconds=1), Result.IN), (3 * KNOWN_FOR, Result.UNSEEN)):
        for one in range(PER_ACCOUNT):
            attempt("ada", f"203.0.113.{one}", good=False, now=NOW + later)
        assert attempt("ada", HERE, good=True, now=NOW + later) is wanted
