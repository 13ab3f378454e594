"""Database-backed rate limiter, exact across threads, processes and hosts.

A window starts with the first attempt. Each step is one conditional UPDATE, or an INSERT under a unique key, so
simultaneous attempts cannot exceed the limit, on SQLite as on PostgreSQL.
"""

import hashlib
import math
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest

from user_workspaces import registry
from user_workspaces.accounts.models import AttemptCount
from user_workspaces.client_address import client_address, network_of, trusted
from user_workspaces.errors import TooManyAttempts
from user_workspaces.interfaces.settings import RateLimit

MAX_RETRIES = 20
"""Of a step that another process was faster with; after these the client has to wait for a second."""
REWRITE_INTERVAL = timedelta(days=1)


def bucket_of(kind: str, key: str) -> str:
    """Return the bucket of a key for one kind of attempt; the key is hashed, so that rows do not reveal it."""
    # 160 bits of the hash: no two keys collide in practice, and the column holds 100 characters.
    return f"{kind}:{hashlib.sha256(key.encode(errors='replace')).hexdigest()[:40]}"


def consume(bucket: str, *, limit: RateLimit, now: datetime) -> None:
    """Count one attempt; raises `TooManyAttempts` if the window has reached its limit."""
    for _ in range(MAX_RETRIES):
        rows = AttemptCount.objects.filter(bucket=bucket)
        if rows.filter(ends_at__gt=now, count__lt=limit.attempts).update(count=F("count") + 1):
            return
        # Of simultaneous attempts only the first starts the window: it moves `ends_at`, and the others count in it.
        if rows.filter(ends_at__lte=now).update(count=1, ends_at=now + limit.window):
            return
        found = rows.first()
        if found is None:
            if _start_window(bucket, limit=limit, now=now):
                return
        elif found.ends_at > now and found.count >= limit.attempts:
            raise TooManyAttempts(math.ceil((found.ends_at - now).total_seconds()))
    raise TooManyAttempts(1)


def _start_window(bucket: str, *, limit: RateLimit, now: datetime) -> bool:
    try:
        with transaction.atomic():
            AttemptCount.objects.create(bucket=bucket, count=1, ends_at=now + limit.window)
    except IntegrityError:  # another process started it
        return False
    return True


class Budget(NamedTuple):
    """A bucket and its limit."""

    bucket: str
    limit: RateLimit


def consume_all(budgets: Iterable[Budget], *, now: datetime) -> None:
    """Count one attempt in each bucket, or in none of them; raises `TooManyAttempts`."""
    consumed = list[str]()
    try:
        for budget in budgets:
            consume(budget.bucket, limit=budget.limit, now=now)
            consumed.append(budget.bucket)
    except TooManyAttempts:
        for bucket in consumed:
            refund(bucket)
        raise


def remember(bucket: str, *, lifetime: timedelta, now: datetime) -> None:
    """Record that something was valid, for `lifetime` from now; the row is written once a day at most."""
    until = now + lifetime
    if not AttemptCount.objects.filter(bucket=bucket, ends_at__gt=until - min(REWRITE_INTERVAL, lifetime / 2)).exists():
        AttemptCount.objects.update_or_create(bucket=bucket, defaults={"count": 0, "ends_at": until})


def is_remembered(bucket: str, *, now: datetime) -> bool:
    """Return True if `remember` recorded the bucket and its lifetime has not passed."""
    return AttemptCount.objects.filter(bucket=bucket, ends_at__gt=now).exists()


def refund(bucket: str) -> None:
    """Remove one attempt from the count: it succeeded."""
    # A new window may have started since the attempt was counted: the count never becomes negative.
    AttemptCount.objects.filter(bucket=bucket, count__gt=0).update(count=F("count") - 1)


def clear_attempts(*, now: datetime) -> int:
    """Delete the rows of past windows; return their number."""
    return AttemptCount.objects.filter(ends_at__lte=now).delete()[0]


def client_network(*, peer: str, forwarded_for: str, trusted_proxies: Collection[str]) -> str:
    """Return the key that a client is counted under: its IPv4 address, or the network of its IPv6 address."""
    proxies = trusted(tuple(trusted_proxies))
    return network_of(client_address(peer=peer, forwarded_for=forwarded_for, proxies=proxies))


def client_network_of(request: HttpRequest) -> str:
    """Return the key that the client of a request is counted under; see `client_address`."""
    return client_network(
        peer=str(request.META.get("REMOTE_ADDR", "")),
        forwarded_for=request.headers.get("X-Forwarded-For", ""),
        trusted_proxies=registry.site().trusted_proxies,
    )
