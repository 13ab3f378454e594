"""Parses sizes and numbers of CPUs in the notation of Kubernetes."""

import re
from decimal import Decimal

from user_workspaces.errors import InvalidRequest

# Digits are limited, since `Decimal` takes numbers of any length.
SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,12})?)(?:([KMGTPE])(i?))?")
CPUS = re.compile(r"([0-9]{0,12}(?:\.[0-9]{1,12})?)(m?)")
POWERS = {letter: power for power, letter in enumerate("KMGTPE", start=1)}
MOST_BYTES = 2**63 - 1
MOST_CPUS = 1_000_000
MILLI = 1000


def bytes_of(text: str) -> int | None:
    """Return `256Mi`, `1.5G` or `1024` in bytes, None for an empty text; raises `InvalidRequest`."""
    if not text:
        return None
    found = SIZE.fullmatch(text)
    if not found:
        raise InvalidRequest(f"{text[:60]!r} is not a size such as 256Mi.")
    number, unit, binary = found.groups()
    size = int(Decimal(number) * (1024 if binary else 1000) ** (POWERS[unit] if unit else 0))
    if not 0 < size <= MOST_BYTES:
        raise InvalidRequest(f"{text!r} is out of range for a size.")
    return size


def cpus_of(text: str) -> float | None:
    """Return `2`, `0.5` or `500m` as a number of CPUs, None for an empty text; raises `InvalidRequest`."""
    if not text:
        return None
    found = CPUS.fullmatch(text)
    if not found or not found[1]:
        raise InvalidRequest(f"{text[:60]!r} is not a number of CPUs such as 0.5 or 500m.")
    cpus = float(Decimal(found[1]) / (MILLI if found[2] else 1))
    if not 0 < cpus <= MOST_CPUS:
        raise InvalidRequest(f"{text!r} is out of range for a number of CPUs.")
    return cpus
