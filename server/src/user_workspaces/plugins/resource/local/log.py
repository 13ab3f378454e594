"""The last lines of what a job printed, fit to be shown to people."""

import os
import re
from pathlib import Path

LONGEST_TAIL = 64 * 1024
"""Bytes that are read at most, from the end."""
_ESCAPE = re.compile(
    r"""
    \x1b (?: \[ [0-?]* [ -/]* [@-~]                    # control sequences: colours, movements
            | [\]PX^_] [^\x07\x1b\n]* (?: \x07|\x1b\\ )?  # strings: titles, hyperlinks
            | [\x20-\x2f]* [0-~]                       # the short ones
          )
    """,
    re.VERBOSE,
)
"""Escape sequences of terminals, as ECMA-48 has them."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def tail(path: Path, *, lines: int) -> str:
    """Return the last lines of a file as plain text; empty when it is not there."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    try:
        size = os.fstat(handle).st_size
        start = max(0, size - LONGEST_TAIL)
        content = os.pread(handle, LONGEST_TAIL, start)
    finally:
        os.close(handle)
    if start:
        content = content.partition(b"\n")[2] or content  # the first line is cut off somewhere
    found = _plain(content.decode(errors="replace")).splitlines()
    return "\n".join(found[max(0, len(found) - lines) :])


def _plain(text: str) -> str:
    """Take out what steers a terminal; a carriage return begins a line (progress bars)."""
    unescaped = _ESCAPE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", unescaped)
