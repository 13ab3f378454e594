"""The `Range` header: one range of bytes. Pure."""

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=\s*(\d{0,100})-(\d{0,100})\s*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes `start` to `end`, of which `end` is not one of them."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """How many bytes."""
        return self.end - self.start


class Unsatisfiable(Exception):
    """The range begins after the last byte."""


def parse_range(header: str, *, size: int) -> Span | None:
    """Return the bytes that are asked for; None: all of them.

    A header that cannot be read asks for nothing in particular, and so does one of several ranges: a server may
    always answer with the whole. Raises `Unsatisfiable`.
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
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return Span(start, min(int(last) + 1, size) if last else size)
