"""What is allowed, what is taken, what is left: amounts, and nothing of where they come from."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Generic, TypeVar

GIBIBYTE = 1024**3
BLOCK_BYTES = 4096
"""File systems give space in blocks; a directory takes one, too."""

Amount = TypeVar("Amount", int, Decimal)


class Kind(StrEnum):
    """What can be limited; the value is the name in the configuration and in the API (disk: in gigabytes there)."""

    DISK = "disk"
    CORE_HOURS = "core_hours"
    RUNNING_SESSIONS = "running_sessions"


@dataclass(frozen=True, slots=True)
class QuotaLimits:
    """A person's limits; None: as much as they like."""

    disk_bytes: int | None = None
    core_hours: Decimal | None = None
    running_sessions: int | None = None

    @property
    def limits_launches(self) -> bool:
        """Whether a launch has to be counted."""
        return self != QuotaLimits()


@dataclass(frozen=True, slots=True)
class Usage(Generic[Amount]):
    """One limit and what is taken of it: `used` is gone, `reserved` is held by what goes on and may come back."""

    limit: Amount | None
    used: Amount
    reserved: Amount
    frees_at: datetime | None = None
    """When some of what is used comes back by itself; None: never, or nothing is known."""
    in_progress: Amount | None = None
    """The part of `reserved` that is being written now; some of it may be on disk already and in `used`, too."""

    @property
    def taken(self) -> Amount:
        """What nobody else can have now."""
        return self.used + self.reserved

    @property
    def certain(self) -> Amount:
        """What is taken without what may be in it twice."""
        return self.taken if self.in_progress is None else self.taken - self.in_progress

    @property
    def left(self) -> Amount | None:
        """What can still be had, never below nothing; None: there is no limit."""
        return None if self.limit is None else max(self.limit - self.taken, self.limit * 0)

    @property
    def is_over(self) -> bool:
        """Whether more is taken than there should be, for certain."""
        return self.limit is not None and self.certain > self.limit

    def fits(self, amount: Amount) -> bool:
        """Return whether so much more fits."""
        return self.limit is None or self.taken + amount <= self.limit


@dataclass(frozen=True, slots=True)
class Overview:
    """All of a person's limits at one moment."""

    disk: Usage[int]
    core_hours: Usage[Decimal]
    running_sessions: Usage[int]


def on_disk(size: int, path: str = "") -> int:
    """Return the bytes that a file of `size` bytes takes with the directories that its path names."""
    directories = path.strip("/").count("/")
    return (-(-size // BLOCK_BYTES) + directories) * BLOCK_BYTES
