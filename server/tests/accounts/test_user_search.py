"""Searches for users, by the setting `user_search`: all users, users of the same groups, or exact matches."""

import os
import pwd
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from support.machine_accounts import add_account, change_accounts, remove_account
from user_workspaces import registry
from user_workspaces.accounts.models import OwnedAccount, User
from user_workspaces.accounts.queries import search_users
from user_workspaces.accounts.system_groups import colleagues_of
from user_workspaces.accounts.user_search import FOUND_FOR, email_shown, note_found
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.settings import UserSearch
from user_workspaces.registry import Registry
from user_workspaces.sharing.queries import find_receivers

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
NOW = timezone.now()
ALL, GROUPS, EXACT = UserSearch.ALL, UserSearch.GROUPS, UserSearch.EXACT
EVERYBODY = frozenset({"grace", "linus", "root-of-all"})


@pytest.fixture
def users(site: Registry) -> dict[str, User]:
    """Ada searches; Grace shares a group with her, Linus is in another; one is an administrator, one inactive."""
    found = {
        name: User.objects.create(username=name, first_name=first, last_name="Example", email=f"{name}@example.org")
        for name, first in {"ada": "Ada", "grace": "Grace", "linus": "Linus", "gone": "Gone", "robot": "Robot"}.items()
    }
    found["root-of-all"] = User.objects.create(username="root-of-all", is_staff=True, first_name="Chief")
    User.objects.filter(username="gone").update(is_active=False)
    User.objects.filter(username="robot").update(is_service=True)
    astronomy, history = Group.objects.create(name="astronomy"), Group.objects.create(name="history")
    for name in ("ada", "grace", "gone", "robot"):
        found[name].groups.add(astronomy)
    found["linus"].groups.add(history)
    return {user.username: user for user in User.objects.all()}


def rule(user_search: UserSearch) -> None:
    registry.install(registry.current(), replace(registry.site(), user_search=user_search))


def found_by(user: User, search: str, *, by_username: bool = False) -> set[str]:
    return set(search_users(search, excluding=user, by_username=by_username).values_list("username", flat=True))


TABLE: list[tuple[UserSearch, str, set[str]]] = [
    (ALL, "", set(EVERYBODY)),
    (ALL, "example", {"grace", "linus"}),
    (ALL, "gra exam", {"grace"}),
    (ALL, "linus@example.org", {"linus"}),
    (ALL, "@example", {"grace", "linus"}),
    (GROUPS, "", {"grace"}),
    (GROUPS, " ", {"grace"}),
    (GROUPS, "example", {"grace"}),  # the name; a part of an address finds nobody
    (GROUPS, "@example", set()),
    (GROUPS, "grace@example.org", {"grace"}),
    (GROUPS, "grace", {"grace"}),
    (GROUPS, "linus", set()),
    (GROUPS, "linus@example.org", set()),
    (EXACT, "", set()),
    (EXACT, "  ", set()),
    (EXACT, "gra", set()),
    (EXACT, "Grace Example", set()),
    (EXACT, "%", set()),
    (EXACT, "grace", {"grace"}),
    (EXACT, " GRACE ", {"grace"}),
    (EXACT, "Linus@Example.org", {"linus"}),
    (EXACT, "gone", set()),
    (EXACT, "robot", set()),
    (EXACT, "ada", set()),  # never oneself
]


@pytest.mark.parametrize("by_username", [False, True])
@pytest.mark.parametrize(("user_search", "search", "found"), TABLE)
def test_search_finds_users_by_rule(
    users: dict[str, User], user_search: UserSearch, search: str, found: set[str], *, by_username: bool
) -> None:
    rule(user_search)
    assert found_by(users["ada"], search, by_username=by_username) == found


@pytest.mark.parametrize("user_search", list(UserSearch))
@pytest.mark.parametrize("who", ["is_staff", "is_superuser"])
def test_administrators_find_all_users(users: dict[str, User], user_search: UserSearch, who: str) -> None:
    rule(user_search)
    chief = users["root-of-all"]
    chief.is_staff, chief.is_superuser = who == "is_staff", who == "is_superuser"
    assert found_by(chief, "example") == {"ada", "grace", "linus"}
    assert email_shown("ada@example.org", to=chief) == "ada@example.org"


@pytest.mark.parametrize(
    ("user_search", "typed", "shown"),
    [
        (ALL, "", True), (ALL, "grace", True),
        (GROUPS, "", False), (GROUPS, "grace", False), (GROUPS, " Grace@example.org", True),
        (EXACT, "grace", False), (EXACT, "grace@example.org", True),
    ],
)  # fmt: skip
def test_email_is_shown_after_typing_it(
    users: dict[str, User], user_search: UserSearch, typed: str, *, shown: bool
) -> None:
    rule(user_search)
    assert bool(email_shown("grace@example.org", to=users["ada"], typed=typed)) == shown
    assert email_shown("", to=users["ada"], typed="") == ""


def can_share(users: dict[str, User], name: str, *, later: timedelta = timedelta(0)) -> bool:
    number = users[name].pk
    with suppress(InvalidRequest):
        return bool(find_receivers(sender=users["ada"], ids=[number], now=NOW + later))
    return False


@pytest.mark.parametrize(
    ("user_search", "shareable"), [(ALL, {"grace", "linus", "root-of-all"}), (GROUPS, {"grace"}), (EXACT, set())]
)
def test_guessed_ids_find_no_more_users_than_a_search(
    users: dict[str, User], user_search: UserSearch, shareable: set[str]
) -> None:
    rule(user_search)
    assert {name for name in users if can_share(users, name)} == shareable
    for number in (10**6, *(users[name].pk for name in set(users) - shareable)):
        with pytest.raises(InvalidRequest, match=r"^Invalid user id provided\.$"):  # the same, there or not
            find_receivers(sender=users["ada"], ids=[number], now=NOW)


def test_exactly_found_user_can_be_shared_with_for_a_day(users: dict[str, User]) -> None:
    rule(EXACT)
    note_found([users["linus"].pk], by=users["ada"], now=NOW)
    assert can_share(users, "linus")
    assert not can_share(users, "grace")
    assert can_share(users, "linus", later=FOUND_FOR - timedelta(seconds=1))
    assert not can_share(users, "linus", later=FOUND_FOR)
    with pytest.raises(InvalidRequest):  # found by Ada, and by nobody else
        find_receivers(sender=users["grace"], ids=[users["linus"].pk], now=NOW)


NAMES = tuple(f"uwsgrp{os.getpid()}{letter}" for letter in "abcd")
TEAM = f"uwsteam{os.getpid()}"
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes accounts")


@pytest.fixture
def machine() -> Iterator[tuple[str, ...]]:
    """Four accounts: two members of a team, one with it as its primary group, and one without groups."""
    change_accounts("groupadd", "--gid", str(40_000 + os.getpid() % 20_000), TEAM)
    for name, options in zip(NAMES, (("--groups", TEAM), ("--groups", TEAM), ("--gid", TEAM), ()), strict=True):
        add_account(name, "--no-create-home", *options)
    yield NAMES
    for name in NAMES:
        remove_account(name)
    change_accounts("groupdel", TEAM)


@pytest.mark.root
@needs_root
def test_system_groups_count_except_private_ones(
    machine: tuple[str, ...], make_user: Callable[[str], User], site: Registry
) -> None:
    a, b, c, d = machine
    uids = {name: pwd.getpwnam(name).pw_uid for name in machine}
    assert colleagues_of(a, uid=uids[a]) == {b, c}
    assert colleagues_of(c, uid=uids[c]) == {a, b}
    assert colleagues_of(d, uid=uids[d]) == frozenset()
    assert colleagues_of(a, uid=uids[a] + 1) == frozenset()  # the name is somebody else's now
    assert colleagues_of("nobody-has-this-name", uid=5) == frozenset()
    users = {name: make_user(f"p-{name}") for name in machine}
    for name, user in users.items():
        OwnedAccount.objects.create(user=user, user_authentication="local", name=name, uid=uids[name])
    rule(GROUPS)
    assert found_by(users[a], "") == {f"p-{b}", f"p-{c}"}
    assert found_by(users[d], "") == set()
