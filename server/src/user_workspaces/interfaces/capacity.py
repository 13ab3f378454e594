"""The capacity of a resource for one job."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capacity:
    """The most that one job can get on a resource; None: unknown."""

    cpus: int | None = None
    memory_mb: int | None = None
    """In units of 2**20 bytes."""
