"""Signing in with credentials, counted: what is refused counts, what is good does not.

Nobody with good credentials is refused because of what others try from the same address, except where an address that
the account never logged in from has failed `OF_MANY` times as often as it may. The rule is a table in
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

MOST_TRIED = 200
"""Characters of an account name that are looked at."""
OF_MANY = 10
"""So many times its limit an address may fail before unknown credentials from it are not looked at any more.

Each look costs a hash of a password or a question to another server. A class behind one address stays far below.
"""
KNOWN_FOR = timedelta(days=90)
"""An address is an account's own for so long after its last log-in from there."""
GOOD_FOR = timedelta(days=1)
"""A credential that was good is looked at for so long, whatever else comes from its address."""
NAME_OF_TOKEN = "name"  # noqa: S105  the one text in the credentials that is none
LINK_REFUSED = "This link does not work any more."


@contextmanager
def counted(*budgets: Budget, now: datetime) -> Iterator[None]:
    """Count an attempt before it is made, and take it off again when nothing was raised.

    So of many at once no more than may are tried. A provider that does not answer is nobody's failure.
    """
    rate_limit.take_all(budgets, now=now)
    try:
        yield
    except ResourceUnavailable:
        _give_back(budgets)
        raise
    _give_back(budgets)


def _give_back(budgets: tuple[Budget, ...]) -> None:
    for budget in budgets:
        rate_limit.refund(budget.bucket)


@contextmanager
def rate_limited(kind: str, who: str, *, limit: RateLimit, now: datetime) -> Iterator[None]:
    """Look first, then count what was refused: beyond the limit it raises `TooManyAttempts` in place of the refusal.

    What is good passes, however much was refused before.
    """
    try:
        yield
    except (ResourceUnavailable, TooManyAttempts):
        raise
    except Exception:  # whatever went wrong, it was an attempt: it counts, and rises
        rate_limit.consume(bucket_of(kind, who), limit=limit, now=now)
        raise


def sign_in_at_api(*, credentials: Mapping[str, object], sender: str, now: datetime) -> User:
    """Return the person of these credentials; raises `TooManyAttempts` when there were too many bad ones.

    Counted for the address that they come from; for a program with a good client token (all its people come from
    one address) for that token.
    """
    limits = registry.site().rate_limits
    client = _client_in(credentials)
    if client is not None:
        with rate_limited("tokens.client", client, limit=limits.tokens_per_client, now=now):
            return actions.sign_in(credentials=credentials)
    known = bucket_of("tokens.good", _text_of(credentials))
    unknown = (
        () if rate_limit.is_remembered(known, now=now) else (_of_many("tokens", sender, limits.tokens_per_address),)
    )
    with (
        rate_limited("tokens.address", sender, limit=limits.tokens_per_address, now=now),
        counted(*unknown, now=now),
    ):
        user = actions.sign_in(credentials=credentials)
    if credentials.get("code"):  # good once; and what was begun for it is finished
        rate_limit.refund(_fingerprint_of(sender))
    else:
        rate_limit.remember(known, lifetime=GOOD_FOR, now=now)
    return user


def _client_in(credentials: Mapping[str, object]) -> str | None:
    token = credentials.get("client_token")
    client = find_client(token) if isinstance(token, str) else None
    return token if isinstance(token, str) and client and client.may_mint else None


def _text_of(credentials: Mapping[str, object]) -> str:
    """Return all texts of the credentials: which of them is the secret is known to the plug-in alone."""
    texts = ((name, value) for name, value in credentials.items() if isinstance(value, str) and name != NAME_OF_TOKEN)
    return "\0".join(f"{name}={value}" for name, value in sorted(texts))


def _of_many(kind: str, sender: str, limit: RateLimit) -> Budget:
    return Budget(bucket_of(f"{kind}.of_many", sender), RateLimit(limit.attempts * OF_MANY, limit.window))


def finish_external_login(
    *, authentication: str, credentials: Mapping[str, object], sender: str, now: datetime
) -> User:
    """Return who comes back from another site where they logged in.

    What comes back is looked at in any case: each was begun here, and that is counted.
    """
    limit = registry.site().rate_limits.log_ins_per_address
    with rate_limited("log_in.address", sender, limit=limit, now=now):
        user = actions.sign_in(credentials=credentials, authentication=authentication)
    rate_limit.refund(_fingerprint_of(sender))
    _note_address(user.username, sender, now=now)
    return user


def sign_in_by_link(*, text: str, sender: str, now: datetime) -> User:
    """Return the person of a one-time link and use it up; raises `AuthenticationRejected`.

    A link has 256 random bits: no limit has to protect it, so a good one always works.
    """
    limit = registry.site().rate_limits.log_ins_per_address
    with rate_limited("log_in.link", sender, limit=limit, now=now):
        user = actions.redeem_login_link(text=text, now=now)
        if user is None or user.is_service:
            raise AuthenticationRejected(LINK_REFUSED)
    _note_address(user.username, sender, now=now)
    return user


def begin_external_login(
    *, credentials: Mapping[str, object], sender: str, now: datetime, authentication: str = ""
) -> Redirect | None:
    """Begin a log-in at another site; None for credentials that do not ask for one. What is finished is not counted."""
    site = registry.site()
    plugin = registry.current().user_authentications.get(authentication or site.api_user_authentication)
    if not plugin.uses_redirect or credentials.get("code"):
        return None
    bucket = _fingerprint_of(sender)
    rate_limit.consume(bucket, limit=site.rate_limits.redirects_per_address, now=now)
    redirect = plugin.redirect(credentials)
    if redirect is None:
        rate_limit.refund(bucket)
    return redirect


def _fingerprint_of(sender: str) -> str:
    return bucket_of("redirects.address", sender)


@contextmanager
def counted_log_in(*, sender: str, username: str, now: datetime) -> Iterator[None]:
    """Count a log-in by password; raise inside for a bad one.

    Each account has a budget for each address, and one for all addresses together that it never logged in from: who
    attacks it from elsewhere does not keep it from its own addresses.
    """
    limits, name = registry.site().rate_limits, username[:MOST_TRIED].casefold()
    budgets = [Budget(bucket_of("log_in.pair", f"{name}\0{sender}"), limits.log_ins_per_account)]
    if not rate_limit.is_remembered(_address_of(name, sender), now=now):
        budgets.append(Budget(bucket_of("log_in.account", name), limits.log_ins_per_account))
        budgets.append(_of_many("log_in", sender, limits.log_ins_per_address))
    with (
        rate_limited("log_in.address", sender, limit=limits.log_ins_per_address, now=now),
        counted(*budgets, now=now),
    ):
        yield
    _note_address(name, sender, now=now)


def _note_address(username: str, sender: str, *, now: datetime) -> None:
    rate_limit.remember(_address_of(username[:MOST_TRIED].casefold(), sender), lifetime=KNOWN_FOR, now=now)


def _address_of(name: str, sender: str) -> str:
    return bucket_of("log_in.known", f"{name}\0{sender}")
