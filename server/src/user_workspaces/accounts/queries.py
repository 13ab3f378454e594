"""Queries for users and tokens."""

from contextlib import suppress
from datetime import datetime, timedelta

from django.db import Error
from django.db.models import QuerySet
from django.utils import timezone

from user_workspaces.accounts.hot_queries import find_token
from user_workspaces.accounts.models import ApiToken, LoginLink, OwnedAccount, User
from user_workspaces.accounts.tokens import digest_of
from user_workspaces.accounts.user_search import matching
from user_workspaces.db.waits import without_waiting
from user_workspaces.interfaces.values import Client

USE_INTERVAL = timedelta(minutes=1)


def note_use(token: ApiToken, *, now: datetime) -> None:
    """Record when a token was last used, to the minute; without waiting for a locked database."""
    if token.last_used_at is None or now - token.last_used_at > USE_INTERVAL:
        # A request must neither fail nor wait for another writer only to record a time.
        with suppress(Error), without_waiting():
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def find_client(text: str) -> Client | None:
    """Return the client of a client token; the token of a user is a client without rights."""
    token = find_token(text, now=timezone.now())
    return Client(name=token.name, may_mint=token.may_mint) if token else None


def user_of_login_link(*, text: str, now: datetime) -> User | None:
    """Return the user of a one-time link without deleting it; None for a used, expired or unknown one."""
    link = LoginLink.objects.select_related("user").filter(digest=digest_of(text), expires_at__gt=now).first()
    return link.user if link and link.user.is_active and not link.user.is_service else None


def accounts_on_record(user_authentication: str) -> list[tuple[str, int]]:
    """Return names and uids of the system accounts that an authentication gave to users."""
    return list(OwnedAccount.objects.filter(user_authentication=user_authentication).values_list("name", "uid"))


def owned_account(user: User, user_authentication: str) -> OwnedAccount | None:
    """Return the system account on record."""
    return OwnedAccount.objects.filter(user=user, user_authentication=user_authentication).first()


def search_users(search: str, *, excluding: User, by_username: bool = False) -> QuerySet[User]:
    """Return the users that a user (`excluding`) can find by the setting `user_search`; never services.

    If it is `all`, each word matches a part of "first last" or of the e-mail address; with `by_username` also of the
    user name, since users of login links have no other name.
    """
    return matching(search, by=excluding, by_username=by_username)


def tokens_of(user: User, *, now: datetime) -> QuerySet[ApiToken]:
    """Return the valid tokens of a user, newest first."""
    return user.api_tokens.filter(expires_at__gt=now).order_by("-created_at", "-pk")
