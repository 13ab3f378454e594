"""Limits and usage as plain values."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

GIBIBYTE = 1024**3
BLOCK_BYTES = 4096
"""The unit of disk accounting: file systems allocate blocks, and a directory takes one, too."""

Amount = TypeVar("Amount", int, Decimal)


class Kind(StrEnum):
    """The kinds of quota; the value is the name in the configuration and in the API (there, disk is in GiB)."""

    DISK = "disk"
    CORE_HOURS = "core_hours"
    RUNNING_SESSIONS = "running_sessions"


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """The limits of a user; None: unlimited."""

    disk_bytes: int | None = None
    core_hours: Decimal | None = None
    running_sessions: int | None = None

    @property
    def limits_launches(self) -> bool:
        """True if a launch has to be checked against a limit."""
        return self != QuotaLimits()


@dataclass(frozen=True, slots=True)
class Usage(Generic[Amount]):
    """One limit and its usage: `used` is final, `reserved` belongs to work in progress and may become free again."""

    limit: Amount | None
    used: Amount
    reserved: Amount
    frees_at: datetime | None = None
    """When a part of the usage becomes free without any action; None: never, or unknown."""
    in_progress: Amount | None = None
    """The part of `reserved` that is being written now; some of it may be on disk already and in `used`, too."""

    @property
    def taken(self) -> Amount:
        """The amount that is not available now."""
        return self.used + self.reserved

    @property
    def certain(self) -> Amount:
        """The amount that is taken without the part that may be counted twice."""
        return self.taken if self.in_progress is None else self.taken - self.in_progress

    @property
    def left(self) -> Amount | None:
        """The amount that is available, at least zero; None: unlimited."""
        return None if self.limit is None else max(self.limit - self.taken, self.limit * 0)  # a zero of its type

    @property
    def is_over(self) -> bool:
        """True if more than the limit is taken, even without what may be counted twice."""
        return self.limit is not None and self.certain > self.limit

    def fits(self, amount: Amount) -> bool:
        """Return True if `amount` more fits."""
        return self.limit is None or self.taken + amount <= self.limit


@dataclass(frozen=True, slots=True)
class Overview:
    """The usage of all limits of a user at one moment."""

    disk: Usage[int]
    core_hours: Usage[Decimal]
    running_sessions: Usage[int]


def on_disk(size: int, path: str = "") -> int:
    """Return the bytes that a file of `size` bytes takes with the directories that its path names."""
    directories = path.strip("/").count("/")
    # Two negations round the division up.
    return (-(-size // BLOCK_BYTES) + directories) * BLOCK_BYTES
