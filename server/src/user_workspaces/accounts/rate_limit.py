"""How often somebody may try: counted in rows, exactly, for any number of threads, processes and machines.

A window begins with the first attempt. Each step is one conditional UPDATE (or an INSERT that a unique key lets
through once), so of any number at once no more get through than may; the same on SQLite and on PostgreSQL.
"""

import hashlib
import math
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import F

from user_workspaces.accounts.models import AttemptCount
from user_workspaces.client_address import client_address, network_of, trusted
from user_workspaces.errors import TooManyAttempts
from user_workspaces.interfaces.settings import RateLimit

MAX_RETRIES = 20
"""A step that somebody else was quicker with is looked at anew; whoever loses this often waits a second."""
A_DAY = timedelta(days=1)


def bucket_of(kind: str, who: str) -> str:
    """Return the bucket of somebody for one kind of attempt; who it is cannot be read from it."""
    return f"{kind}:{hashlib.sha256(who.encode(errors='replace')).hexdigest()[:40]}"


def consume(bucket: str, *, limit: RateLimit, now: datetime) -> None:
    """Count one attempt; raises `TooManyAttempts` when there were enough in this window."""
    for _ in range(MAX_RETRIES):
        rows = AttemptCount.objects.filter(bucket=bucket)
        if rows.filter(ends_at__gt=now, count__lt=limit.attempts).update(count=F("count") + 1):
            return
        if rows.filter(ends_at__lte=now).update(count=1, ends_at=now + limit.window):
            return
        found = rows.first()
        if found is None:
            if _begin(bucket, limit=limit, now=now):
                return
        elif found.ends_at > now and found.count >= limit.attempts:
            raise TooManyAttempts(math.ceil((found.ends_at - now).total_seconds()))
    raise TooManyAttempts(1)


def _begin(bucket: str, *, limit: RateLimit, now: datetime) -> bool:
    try:
        with transaction.atomic():
            AttemptCount.objects.create(bucket=bucket, count=1, ends_at=now + limit.window)
    except IntegrityError:  # somebody else began it
        return False
    return True


class Budget(NamedTuple):
    """What one kind of attempt of one sender may be counted up to."""

    bucket: str
    limit: RateLimit


def take_all(budgets: Iterable[Budget], *, now: datetime) -> None:
    """Count one attempt in each of these, or in none of them; raises `TooManyAttempts`."""
    taken = list[str]()
    try:
        for budget in budgets:
            consume(budget.bucket, limit=budget.limit, now=now)
            taken.append(budget.bucket)
    except TooManyAttempts:
        for bucket in taken:
            refund(bucket)
        raise


def remember(bucket: str, *, lifetime: timedelta, now: datetime) -> None:
    """Note that something turned out good, for so long from now on; written once a day at most."""
    until = now + lifetime
    if not AttemptCount.objects.filter(bucket=bucket, ends_at__gt=until - min(A_DAY, lifetime / 2)).exists():
        AttemptCount.objects.update_or_create(bucket=bucket, defaults={"count": 0, "ends_at": until})


def is_remembered(bucket: str, *, now: datetime) -> bool:
    """Return whether it was noted, and that is not over."""
    return AttemptCount.objects.filter(bucket=bucket, ends_at__gt=now).exists()


def refund(bucket: str) -> None:
    """Take one attempt off again: it was a good one."""
    AttemptCount.objects.filter(bucket=bucket, count__gt=0).update(count=F("count") - 1)


def clear_attempts(*, now: datetime) -> int:
    """Take away the rows whose window is over; return how many there were."""
    return AttemptCount.objects.filter(ends_at__lte=now).delete()[0]


def client_network(*, peer: str, forwarded_for: str, trusted_proxies: Collection[str]) -> str:
    """Return who a request is counted for: an IPv4 address, or the network of an IPv6 one; see `client_address`."""
    proxies = trusted(tuple(trusted_proxies))
    return network_of(client_address(peer=peer, forwarded_for=forwarded_for, proxies=proxies))
