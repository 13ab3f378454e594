"""Whom a person may find and share with: the one place of the site's rule `user_search`.

`all`: everybody. `groups`: who is in one of their groups, of the administration or of the machine. `exact`: who has the
very user name or e-mail address that was typed. Administrators find everybody.
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet

from user_workspaces import registry
from user_workspaces.accounts import rate_limit
from user_workspaces.accounts.models import AttemptCount, OwnedAccount, User
from user_workspaces.accounts.system_groups import colleagues_of
from user_workspaces.db.search import contains
from user_workspaces.interfaces.settings import UserSearch

MOST_WORDS = 8
"""Of a search: each word is a condition, and databases take so many of them and no more."""
MOST_COLLEAGUES = 10_000
"""Of one person in groups of the machine, that are looked for: a database takes so many names, and not any number."""
NAMES = ("first_name", "last_name")
FOUND_FOR = timedelta(days=1)
"""Who was found by their very name can be shared with for so long."""


def rule_for(user: User) -> UserSearch:
    """Return what a person may search."""
    return UserSearch.ALL if user.is_staff or user.is_superuser else registry.site().user_search


def all_users() -> QuerySet[User]:
    """Return all active people; never services."""
    return User.objects.filter(is_active=True, is_service=False)


def matching(search: str, *, by: User, by_username: bool) -> QuerySet[User]:
    """Return the people that a search by a person finds, without themselves."""
    rule, others = rule_for(by), all_users().exclude(pk=by.pk).order_by("username")
    if rule is UserSearch.EXACT:
        return others.filter(_is_just(search)) if search.strip() else others.none()
    columns = (*NAMES, *(("username",) if by_username else ()))
    if rule is UserSearch.ALL:
        return others.filter(_search_terms(search, *columns, "email"))
    colleagues = others.filter(_colleague(by))
    return colleagues.filter(_search_terms(search, *columns) | _is_just(search)) if search.strip() else colleagues


def _search_terms(search: str, *columns: str) -> Q:
    found = Q()
    for word in search.split()[:MOST_WORDS]:
        found &= contains(word, *columns)
    return found


def _is_just(search: str) -> Q:
    """Return the condition that this is somebody's very user name or e-mail address."""
    typed = search.strip()
    return Q(username__iexact=typed) | Q(email__iexact=typed)


def _colleague(user: User) -> Q:
    """Return the condition that somebody shares a group with a person."""
    groups = Group.objects.filter(user=user).values("pk")
    found = Q(pk__in=User.objects.filter(groups__in=groups).values("pk"))
    owned = OwnedAccount.objects.filter(user=user).values_list("name", "uid")
    names = {one for name, uid in owned for one in colleagues_of(name, uid=uid)}
    if names:
        accounts = OwnedAccount.objects.filter(name__in=sorted(names)[:MOST_COLLEAGUES])
        found |= Q(pk__in=accounts.values("user_id"))
    return found


def email_shown(email: str, *, to: User, typed: str = "") -> str:
    """Return an e-mail address where a person may see it: under `all`, and where they typed just that."""
    if rule_for(to) is UserSearch.ALL or (email and typed.strip().casefold() == email.casefold()):
        return email
    return ""


def note_found(ids: Iterable[int], *, by: User, now: datetime) -> None:
    """Remember whom a person found by their very name, so that they can be shared with."""
    if rule_for(by) is UserSearch.EXACT:
        for one in ids:
            rate_limit.remember(_found(by, one), lifetime=FOUND_FOR, now=now)


def findable(ids: Collection[int], *, by: User, known: Collection[int], now: datetime) -> dict[int, User]:
    """Return those of these people whom a person may share with, by id.

    `known`: whom they know anyway. Who does not exist and who cannot be found are left out alike.
    """
    asked = all_users().exclude(pk=by.pk)
    match rule_for(by):
        case UserSearch.ALL:
            pass
        case UserSearch.GROUPS:
            asked = asked.filter(_colleague(by) | Q(pk__in=known))
        case UserSearch.EXACT:
            asked = asked.filter(pk__in={*_were_found(ids, by=by, now=now), *known})
    return asked.in_bulk(list(ids))


def _were_found(ids: Iterable[int], *, by: User, now: datetime) -> list[int]:
    buckets = {_found(by, one): one for one in ids}
    rows = AttemptCount.objects.filter(bucket__in=list(buckets), ends_at__gt=now)
    return [buckets[bucket] for bucket in rows.values_list("bucket", flat=True)]


def _found(by: User, number: int) -> str:
    return rate_limit.bucket_of("found", f"{by.pk} {number}")
