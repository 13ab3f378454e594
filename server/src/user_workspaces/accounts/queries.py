"""Reading people and tokens."""

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

USE_IS_NOTED_EVERY = timedelta(minutes=1)


def note_use(token: ApiToken, *, now: datetime) -> None:
    """Record when a token was last used, to the minute; a read request does not wait for this write."""
    if token.last_used_at is None or now - token.last_used_at > USE_IS_NOTED_EVERY:
        with suppress(Error), without_waiting():
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def find_client(text: str) -> Client | None:
    """Return the client that a client token belongs to; a person's token is a client without rights."""
    token = find_token(text, now=timezone.now())
    return Client(name=token.name, may_mint=token.may_mint) if token else None


def find_user(username: str) -> User | None:
    """Return an active person by name."""
    return User.objects.filter(username=username, is_service=False, is_active=True).first()


def user_of_login_link(*, text: str, now: datetime) -> User | None:
    """Return whose one-time link this is, without using it up; None for a used, old or unknown one."""
    link = LoginLink.objects.select_related("user").filter(digest=digest_of(text), expires_at__gt=now).first()
    return link.user if link and link.user.is_active and not link.user.is_service else None


def accounts_on_record(user_authentication: str) -> list[tuple[str, int]]:
    """Return names and uids of the system accounts that people got from an authentication."""
    return list(OwnedAccount.objects.filter(user_authentication=user_authentication).values_list("name", "uid"))


def owned_account(user: User, user_authentication: str) -> OwnedAccount | None:
    """Return the system account on record."""
    return OwnedAccount.objects.filter(user=user, user_authentication=user_authentication).first()


def search_users(search: str, *, excluding: User, by_username: bool = False) -> QuerySet[User]:
    """Return the people whom a person (`excluding`) finds to share with, by the rule of the site; never services.

    Where that is `all`, each word is a part of "first last" or of the e-mail. With `by_username` also of that: who
    came by a log-in link has no other name.
    """
    return matching(search, by=excluding, by_username=by_username)


def tokens_of(user: User, *, now: datetime) -> QuerySet[ApiToken]:
    """Return the living tokens of a person, the newest first."""
    return user.api_tokens.filter(expires_at__gt=now).order_by("-created_at", "-pk")
