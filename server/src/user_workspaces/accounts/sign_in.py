"""Signing in with credentials, counted: what is refused counts, what is good does not."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime

from user_workspaces import registry
from user_workspaces.accounts import actions, attempts
from user_workspaces.accounts.models import User
from user_workspaces.accounts.queries import find_client
from user_workspaces.errors import ResourceUnavailable, TooManyAttempts, UserWorkspacesError
from user_workspaces.interfaces.site import RateLimit
from user_workspaces.interfaces.user_authentication import Redirect

MOST_TRIED = 200
"""Characters of an account name that are looked at."""


@contextmanager
def counted(kind: str, who: str, *, limit: RateLimit, now: datetime) -> Iterator[None]:
    """Count an attempt before it is made, and take it off again when nothing was raised.

    So of many at once no more than may are tried. A provider that does not answer is nobody's failure.
    """
    bucket = attempts.bucket_of(kind, who)
    attempts.take(bucket, limit=limit, now=now)
    try:
        yield
    except ResourceUnavailable:
        attempts.give_back(bucket)
        raise
    attempts.give_back(bucket)


def sign_in_at_api(*, credentials: Mapping[str, object], sender: str, now: datetime) -> User:
    """Return the person of these credentials; raises `TooManyAttempts` when there were too many bad ones.

    Counted for the address that they come from; for a program with a good client token (all its people come from
    one address) for that token.
    """
    limits = registry.site().rate_limits
    client = _client_in(credentials)
    if client is None:
        with counted("tokens.address", sender, limit=limits.tokens_per_address, now=now):
            return actions.sign_in(credentials=credentials)
    bucket = attempts.bucket_of("tokens.client", client)
    attempts.check(bucket, limit=limits.tokens_per_client, now=now)
    try:
        return actions.sign_in(credentials=credentials)
    except ResourceUnavailable:
        raise
    except UserWorkspacesError:
        _note_failure(bucket, limit=limits.tokens_per_client, now=now)
        raise


def _client_in(credentials: Mapping[str, object]) -> str | None:
    token = credentials.get("client_token")
    client = find_client(token) if isinstance(token, str) else None
    return token if isinstance(token, str) and client and client.may_mint else None


def _note_failure(bucket: str, *, limit: RateLimit, now: datetime) -> None:
    try:
        attempts.take(bucket, limit=limit, now=now)
    except TooManyAttempts:
        return  # the next one is told


def sign_in_elsewhere(*, authentication: str, credentials: Mapping[str, object], sender: str, now: datetime) -> User:
    """Return who comes back from another site where they logged in."""
    limit = registry.site().rate_limits.log_ins_per_address
    with counted("log_in.address", sender, limit=limit, now=now):
        return actions.sign_in(credentials=credentials, authentication=authentication)


def redirect_elsewhere(
    *, credentials: Mapping[str, object], sender: str, now: datetime, authentication: str = ""
) -> Redirect | None:
    """Begin a log-in at another site; None for credentials that do not ask for one."""
    site = registry.site()
    plugin = registry.current().user_authentications.get(authentication or site.api_user_authentication)
    if not plugin.leads_elsewhere or credentials.get("code"):
        return None
    bucket = attempts.bucket_of("redirects.address", sender)
    attempts.take(bucket, limit=site.rate_limits.redirects_per_address, now=now)
    redirect = plugin.redirect(credentials)
    if redirect is None:
        attempts.give_back(bucket)
    return redirect


@contextmanager
def counted_log_in(*, sender: str, username: str, now: datetime) -> Iterator[None]:
    """Count a log-in by password, for the address and for the name; raise inside for a bad one."""
    limits = registry.site().rate_limits
    name = username[:MOST_TRIED].casefold()
    with (
        counted("log_in.address", sender, limit=limits.log_ins_per_address, now=now),
        counted("log_in.account", name, limit=limits.log_ins_per_account, now=now),
    ):
        yield
