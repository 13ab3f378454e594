"""Logins with rate limits: failed attempts count, successful ones do not.

Valid credentials are accepted whatever others try from the same address, unless the account never logged in from this
address and the address has failed `FAILURE_FACTOR` times as often as its limit allows. The rules are a table in
`docs/decisions/0022-attempts-are-counted-by-account-and-address.md`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

from user_workspaces import registry
from user_workspaces.accounts import actions, rate_limit
from user_workspaces.accounts.models import User
from user_workspaces.accounts.queries import find_client
from user_workspaces.accounts.rate_limit import Budget, bucket_of
from user_workspaces.errors import AuthenticationRejected, ResourceUnavailable, TooManyAttempts
from user_workspaces.interfaces.settings import RateLimit
from user_workspaces.interfaces.user_authentication import Redirect

MAX_NAME = 200
"""Characters of a user name that are read."""
FAILURE_FACTOR = 10
"""An address may fail this many times its limit before unknown credentials from it are rejected without a check.

Each check costs a password hash or a request to another server. A class behind one address stays far below.
"""
KNOWN_FOR = timedelta(days=90)
"""How long an address is known for an account after its last login from there."""
GOOD_FOR = timedelta(days=1)
"""How long valid credentials are checked whatever else comes from their address."""
NAME_OF_TOKEN = "name"  # noqa: S105  the key of the token's name, the only text that is not a credential
INVALID_LINK = "This login link is invalid or has expired."


@contextmanager
def counted(*budgets: Budget, now: datetime) -> Iterator[None]:
    """Count an attempt before it is made, and refund it when the block succeeds.

    Counting first bounds simultaneous attempts. A provider that does not respond is no failure of the client.
    """
    rate_limit.consume_all(budgets, now=now)
    try:
        yield
    except ResourceUnavailable:
        _refund(budgets)
        raise
    # After success only: any other error leaves the attempt counted.
    _refund(budgets)


def _refund(budgets: tuple[Budget, ...]) -> None:
    for budget in budgets:
        rate_limit.refund(budget.bucket)


@contextmanager
def rate_limited(kind: str, key: str, *, limit: RateLimit, now: datetime) -> Iterator[None]:
    """Count an attempt after it has failed: beyond the limit, raise `TooManyAttempts` in place of its error.

    Valid credentials pass, however many attempts have failed before.
    """
    try:
        yield
    except (ResourceUnavailable, TooManyAttempts):
        raise
    except Exception:  # any error is a failed attempt
        rate_limit.consume(bucket_of(kind, key), limit=limit, now=now)
        raise


def sign_in_at_api(*, credentials: Mapping[str, object], address: str, now: datetime) -> User:
    """Return the user of these credentials; raises `TooManyAttempts` after too many failures.

    Failures count for the client address, or for the client token of a program, whose users all share one address.
    """
    limits = registry.site().rate_limits
    client = _client_in(credentials)
    if client is not None:
        with rate_limited("tokens.client", client, limit=limits.tokens_per_client, now=now):
            return actions.sign_in(credentials=credentials)
    known = bucket_of("tokens.good", _text_of(credentials))
    unknown = (
        () if rate_limit.is_remembered(known, now=now) else (_of_many("tokens", address, limits.tokens_per_address),)
    )
    with (
        rate_limited("tokens.address", address, limit=limits.tokens_per_address, now=now),
        counted(*unknown, now=now),
    ):
        user = actions.sign_in(credentials=credentials)
    if credentials.get("code"):  # a one-time code, which completes the redirect that was counted
        rate_limit.refund(_redirects_of(address))
    else:
        rate_limit.remember(known, lifetime=GOOD_FOR, now=now)
    return user


def _client_in(credentials: Mapping[str, object]) -> str | None:
    token = credentials.get("client_token")
    client = find_client(token) if isinstance(token, str) else None
    return token if isinstance(token, str) and client and client.may_mint else None


def _text_of(credentials: Mapping[str, object]) -> str:
    """Return all texts of the credentials: only the plug-in knows which of them is the secret."""
    texts = ((name, value) for name, value in credentials.items() if isinstance(value, str) and name != NAME_OF_TOKEN)
    return "\0".join(f"{name}={value}" for name, value in sorted(texts))


def _of_many(kind: str, address: str, limit: RateLimit) -> Budget:
    return Budget(bucket_of(f"{kind}.of_many", address), RateLimit(limit.attempts * FAILURE_FACTOR, limit.window))


def finish_external_login(
    *, authentication: str, credentials: Mapping[str, object], address: str, now: datetime
) -> User:
    """Return the user who comes back from a login at an identity provider.

    The credentials are always checked: each login was started at this server, and its start was counted.
    """
    limit = registry.site().rate_limits.log_ins_per_address
    with rate_limited("log_in.address", address, limit=limit, now=now):
        user = actions.sign_in(credentials=credentials, authentication=authentication)
    rate_limit.refund(_redirects_of(address))
    _note_address(user.username, address, now=now)
    return user


def sign_in_by_link(*, text: str, address: str, now: datetime) -> User:
    """Return the user of a one-time link and delete it; raises `AuthenticationRejected`.

    A link has 256 random bits: it needs no protection by a limit, so a valid one always works.
    """
    limit = registry.site().rate_limits.log_ins_per_address
    with rate_limited("log_in.link", address, limit=limit, now=now):
        user = actions.redeem_login_link(text=text, now=now)
        if user is None or user.is_service:
            raise AuthenticationRejected(INVALID_LINK)
    _note_address(user.username, address, now=now)
    return user


def begin_external_login(
    *, credentials: Mapping[str, object], address: str, now: datetime, authentication: str = ""
) -> Redirect | None:
    """Start a login at an identity provider; None for credentials that need none. Completed logins are refunded."""
    site = registry.site()
    plugin = registry.current().user_authentications.get(authentication or site.api_user_authentication)
    if not plugin.uses_redirect or credentials.get("code"):
        return None
    bucket = _redirects_of(address)
    rate_limit.consume(bucket, limit=site.rate_limits.redirects_per_address, now=now)
    redirect = plugin.redirect(credentials)
    if redirect is None:
        rate_limit.refund(bucket)
    return redirect


def _redirects_of(address: str) -> str:
    return bucket_of("redirects.address", address)


@contextmanager
def counted_log_in(*, address: str, username: str, now: datetime) -> Iterator[None]:
    """Count a login by password; raise inside the block if the password is wrong.

    Each account has a budget for each address, and one for all addresses that it never logged in from: an attack from
    other addresses does not lock the account out of its own.
    """
    limits, name = registry.site().rate_limits, username[:MAX_NAME].casefold()
    budgets = [Budget(bucket_of("log_in.pair", f"{name}\0{address}"), limits.log_ins_per_account)]
    if not rate_limit.is_remembered(_known_address(name, address), now=now):
        budgets.append(Budget(bucket_of("log_in.account", name), limits.log_ins_per_account))
        # This bounds password hashes from one address; a known address of the account skips it.
        budgets.append(_of_many("log_in", address, limits.log_ins_per_address))
    with (
        rate_limited("log_in.address", address, limit=limits.log_ins_per_address, now=now),
        counted(*budgets, now=now),
    ):
        yield
    _note_address(name, address, now=now)


def _note_address(username: str, address: str, *, now: datetime) -> None:
    rate_limit.remember(_known_address(username[:MAX_NAME].casefold(), address), lifetime=KNOWN_FOR, now=now)


def _known_address(name: str, address: str) -> str:
    return bucket_of("log_in.known", f"{name}\0{address}")
