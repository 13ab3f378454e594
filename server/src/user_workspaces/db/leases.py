"""Leases on due rows: a row says which process holds its lease, so that what a dead process held is due at once.

A holder keeps a file locked until its process ends, however it ends: the kernel lets go of the lock. Who can lock the
file knows that its holder is dead. Of holders whose file is not to be seen, on other machines, nothing is known: their
leases end by time.
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
from typing import Any

from django.conf import settings
from django.db import connection, models
from django.db.models import F, Q

logger = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
DRAFT = ".draft-"


class Leased(models.Model):
    """What a row says of its lease. It holds while the row is due at `lease_until`: each new due time ends it."""

    lease_holder = models.CharField(max_length=100, blank=True, default="")
    lease_until = models.DateTimeField(null=True)

    class Meta:
        abstract = True


@dataclass(slots=True)
class _Process:
    """The name of this process as a holder; one that has none holds leases by time alone."""

    holder: str = ""


_process = _Process()


def lease_length() -> timedelta:
    """Return the length of a lease: longer than any single action on a resource takes.

    After it, a controller that hangs, or that died on another machine, is replaced.
    """
    return timedelta(seconds=settings.LEASE_SECONDS)


def lease(until: datetime | None) -> dict[str, object]:
    """Return what a row is written with that is claimed, beside when it is due."""
    return {"lease_holder": _process.holder, "lease_until": until}


def due(*, now: datetime, longest: timedelta, column: str = "next_check_at") -> Q:
    """Return which rows are due: also those whose time is further away than any wait.

    The clock was set back since that was written. A lease is left to its holder.
    """
    is_leased = Q(lease_until__isnull=False, lease_until=F(column))
    return Q(**{f"{column}__lte": now}) | (Q(**{f"{column}__gt": now + longest}) & ~is_leased)


@contextmanager
def holding(folder: Path) -> Iterator[None]:
    """Have this process hold leases under a name of its own. The file stays: it tells of leases that were left."""
    try:
        descriptor, name = _locked_file(folder)
    except OSError as error:  # a full disk is no reason not to look after jobs
        logger.warning("this controller's leases end by time alone: %s", error.strerror)
        yield
        return
    _process.holder = name
    try:
        yield
    finally:
        _process.holder = ""
        os.close(descriptor)


def _locked_file(folder: Path) -> tuple[int, str]:
    """Make the file under its name when it is locked: nobody finds it otherwise."""
    folder.mkdir(mode=0o700, exist_ok=True)
    name = f"{_boot_id()}-{secrets.token_hex(8)}"
    draft = folder / f"{DRAFT}{name}"
    descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    draft.rename(folder / name)
    return descriptor, name


def dead_holders(folder: Path) -> list[str]:
    """Return whose process has certainly ended.

    After a start of the machine all have, unless it could be another machine's file on a shared disk: SQLite is not
    shared among machines.
    """
    boot = "" if connection.vendor == "sqlite" else _boot_id()
    return [name for name in _names(folder) if name.startswith(boot) and not _is_locked(folder / name)]


def is_any_alive(folder: Path) -> bool:
    """Return whether a process holds, or could hold, leases."""
    return any(_is_locked(folder / name) for name in _names(folder))


def forget(folder: Path, holder: str) -> None:
    """Remove the file of a dead holder, of whom nothing is left."""
    with suppress(OSError):  # also on a read-only disk
        (folder / holder).unlink()


def release(model: type[models.Model], *, holder: str, now: datetime, column: str = "next_check_at") -> int:
    """Make due what a dead holder held; return how many rows that were."""
    held: dict[str, Any] = {"lease_holder": holder, "lease_until": F(column)}
    return model._default_manager.filter(**held).update(**{column: now})


def _names(folder: Path) -> list[str]:
    try:
        return [name for name in os.listdir(folder) if not name.startswith(DRAFT)]  # noqa: PTH208  as strings, often
    except FileNotFoundError:
        return []


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    except OSError:  # nothing shows that its holder is dead
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _boot_id() -> str:
    return BOOT_ID.read_text().strip()
