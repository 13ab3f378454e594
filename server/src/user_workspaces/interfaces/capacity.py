"""What a resource has for one job."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Capacity:
    """The most that one job can get of a resource; None: it is not known."""

    cpus: int | None = None
    memory_mb: int | None = None
    """In units of 2**20 bytes."""
