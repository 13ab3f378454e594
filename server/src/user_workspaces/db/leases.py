"""Leases on due rows: the right of one process to work on a row until a time.

A lease is the due time itself, moved into the future by a conditional UPDATE: of several processes that read the same
row, one changes it, and the others see that it has changed. The row also names the process that holds the lease, so
that the rows of a dead process are due at once instead of when their leases end.

Each holder keeps a file locked until its process ends; the kernel releases the lock even after SIGKILL. A process that
can lock the file knows that its holder is dead. Leases of holders on other machines, whose files cannot be seen, end by
time.
"""

import fcntl
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q, QuerySet

logger = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
DRAFT = ".draft-"


class Leased(models.Model):
    """A row with a lease. The lease is held while the row is due at `lease_until`: any other due time ends it."""

    lease_holder = models.CharField(max_length=100, blank=True, default="")
    lease_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True


Row = TypeVar("Row", bound=Leased)


@dataclass(slots=True)
class _Process:
    """The name of this process as a holder; without a name its leases end by time alone."""

    holder: str = ""


_process = _Process()


def lease_length() -> timedelta:
    """Return the length of a lease: longer than any single action on a resource takes.

    After it, a controller that hangs, or that died on another machine, is replaced.
    """
    return timedelta(seconds=settings.LEASE_SECONDS)


def lease(until: datetime | None) -> dict[str, object]:
    """Return the columns of a lease; the due time is another column."""
    return {"lease_holder": _process.holder, "lease_until": until}


def claim(rows: QuerySet[Row], row: Row, *, until: datetime, column: str = "next_check_at", **fields: object) -> bool:
    """Take the lease on a row of `rows`, and write `fields`; False: the row changed since it was read."""
    if not release(rows, row, at=until, column=column, **lease(until), **fields):
        return False
    setattr(row, column, until)
    return True


renew = claim
"""A lease is renewed as it is taken, with the due time that the last claim wrote."""


def release(
    rows: QuerySet[Row], row: Row, *, at: datetime | None, column: str = "next_check_at", **fields: object
) -> bool:
    """Make a row of `rows` due at that time (None: never), and write `fields`; False: its lease was lost.

    `row` keeps the old time: the transaction around this may roll back, and a lease that was released is no longer
    held by this copy of the row.
    """
    held = rows.filter(pk=row.pk, **{column: getattr(row, column)})
    return bool(held.update(**{column: at}, **fields))


def due(*, now: datetime, longest: timedelta, column: str = "next_check_at") -> Q:
    """Return the condition of due rows, with those whose time is further away than the `longest` wait.

    Such a time was written before the clock was set back. A lease is left to its holder.
    """
    is_leased = Q(lease_until__isnull=False, lease_until=F(column))
    return Q(**{f"{column}__lte": now}) | (Q(**{f"{column}__gt": now + longest}) & ~is_leased)


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Have this process hold leases under a name. The file stays, so that a successor finds leases that were left."""
    try:
        descriptor, name = _locked_file(folder)
    except OSError as error:  # a full disk must not stop the controller
        logger.warning("this controller's leases end by time alone: %s", error.strerror)
        yield
        return
    _process.holder = name
    try:
        yield
    finally:
        # The name is cleared before the lock is released: no lease may be taken for a holder that looks dead.
        _process.holder = ""
        os.close(descriptor)


def _locked_file(folder: Path) -> tuple[int, str]:
    """Create the file of this process; it gets its name when it is locked, so that it is never seen unlocked."""
    folder.mkdir(mode=0o700, exist_ok=True)
    name = f"{_boot_id()}-{secrets.token_hex(8)}"
    draft = folder / f"{DRAFT}{name}"
    # A program started by this process must not inherit the descriptor: it would keep the lock after the process ended.
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    draft.rename(folder / name)
    return descriptor, name


def dead_holders(folder: Path) -> list[str]:
    """Return the holders whose process has certainly ended.

    An unlocked file of another boot is one of them only with SQLite, which machines do not share. Otherwise it may
    belong to another machine with the same disk, whose locks are not seen here.
    """
    boot = "" if connection.vendor == "sqlite" else _boot_id()
    return [name for name in _names(folder) if name.startswith(boot) and not _is_locked(folder / name)]


def is_any_alive(folder: Path) -> bool:
    """Return True if a process holds, or could hold, leases."""
    return any(_is_locked(folder / name) for name in _names(folder))


def forget(folder: Path, holder: str) -> None:
    """Remove the file of a dead holder whose leases are released."""
    with suppress(OSError):  # also on a read-only disk
        (folder / holder).unlink()


def release_all(model: type[models.Model], *, holder: str, now: datetime, column: str = "next_check_at") -> int:
    """Make the rows due that a dead holder holds; return their number."""
    # The lease holds only while the row is due at its end: a row with another due time is left as it is.
    held: dict[str, Any] = {"lease_holder": holder, "lease_until": F(column)}
    return model._default_manager.filter(**held).update(**{column: now})


def _names(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if not name.startswith(DRAFT)]  # noqa: PTH208  called often, and names are enough
    except FileNotFoundError:
        return []


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:  # not known to be dead
        return True
    try:
        # The lock is shared, so that two controllers that look at the same time do not take each other for the holder.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _boot_id() -> str:
    return BOOT_ID.read_text().strip()
