"""The users that a user may find and share with, by the setting `user_search`.

`all`: all users. `groups`: users of the same groups, those of the administration and of the operating system. `exact`:
the user with exactly the typed user name or e-mail address. Administrators find all users.
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

MAX_WORDS = 8
"""Of a search: each word is a condition, and databases limit their number."""
MAX_COLLEAGUES = 10_000
"""Of one user in groups of the operating system: databases limit the number of values in a query."""
NAMES = ("first_name", "last_name")
FOUND_FOR = timedelta(days=1)
"""How long a user who was found by an exact search can be shared with."""


def rule_for(user: User) -> UserSearch:
    """Return the rule for a user's searches."""
    return UserSearch.ALL if user.is_staff or user.is_superuser else registry.site().user_search


def all_users() -> QuerySet[User]:
    """Return all active users, without services."""
    return User.objects.filter(is_active=True, is_service=False)


def matching(search: str, *, by: User, by_username: bool) -> QuerySet[User]:
    """Return the users that a search by `by` finds, without `by`."""
    rule, others = rule_for(by), all_users().exclude(pk=by.pk).order_by("username")
    if rule is UserSearch.EXACT:
        return others.filter(_is_exactly(search)) if search.strip() else others.none()
    columns = (*NAMES, *(("username",) if by_username else ()))
    if rule is UserSearch.ALL:
        return others.filter(_search_terms(search, *columns, "email"))
    colleagues = others.filter(_colleague(by))
    return colleagues.filter(_search_terms(search, *columns) | _is_exactly(search)) if search.strip() else colleagues


def _search_terms(search: str, *columns: str) -> Q:
    found = Q()
    for word in search.split()[:MAX_WORDS]:
        found &= contains(word, *columns)
    return found


def _is_exactly(search: str) -> Q:
    """Return the condition for users with exactly this user name or e-mail address."""
    typed = search.strip()
    return Q(username__iexact=typed) | Q(email__iexact=typed)


def _colleague(user: User) -> Q:
    """Return the condition for users who share a group with a user."""
    groups = Group.objects.filter(user=user).values("pk")
    # A subquery: a join would return a user once for each shared group.
    found = Q(pk__in=User.objects.filter(groups__in=groups).values("pk"))
    owned = OwnedAccount.objects.filter(user=user).values_list("name", "uid")
    names = {one for name, uid in owned for one in colleagues_of(name, uid=uid)}
    if names:
        accounts = OwnedAccount.objects.filter(name__in=sorted(names)[:MAX_COLLEAGUES])
        found |= Q(pk__in=accounts.values("user_id"))
    return found


def email_shown(email: str, *, to: User, typed: str = "") -> str:
    """Return an e-mail address if a user may see it: by the rule `all`, or having typed it; else an empty text."""
    if rule_for(to) is UserSearch.ALL or (email and typed.strip().casefold() == email.casefold()):
        return email
    return ""


def note_found(ids: Iterable[int], *, by: User, now: datetime) -> None:
    """Record the users that an exact search found, so that they can be shared with."""
    if rule_for(by) is UserSearch.EXACT:
        for one in ids:
            rate_limit.remember(_found(by, one), lifetime=FOUND_FOR, now=now)


def findable(ids: Collection[int], *, by: User, known: Collection[int], now: datetime) -> dict[int, User]:
    """Return those of these users that `by` may share with, by ID.

    `known`: users that `by` already shares with. Unknown users and those who may not be found are both left out.
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
