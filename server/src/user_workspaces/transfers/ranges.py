"""Parses the `Range` header (RFC 9110) with one range of bytes. Pure functions."""

import re
from dataclasses import dataclass

# The digits are limited, because `int` raises `ValueError` for thousands of them.
_ONE_RANGE = re.compile(r"bytes=\s*(\d{0,100})-(\d{0,100})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `start` to `end`, without `end`."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """The number of bytes."""
        return self.end - self.start


class Unsatisfiable(Exception):
    """The range starts after the last byte."""


def parse_range(header: str, *, size: int) -> Span | None:
    """Return the requested bytes; None: all of them. Raises `Unsatisfiable`.

    A header that is invalid or has several ranges is ignored, as RFC 9110 allows.
    """
    match = _ONE_RANGE.fullmatch(header)
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        if not length:
            raise Unsatisfiable
        return Span(size - length, size)
    start = int(first)
    # Such a range is invalid, not unsatisfiable: the header is ignored (RFC 9110, 14.1).
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return Span(start, min(int(last) + 1, size) if last else size)
