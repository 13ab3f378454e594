"""The last lines of a log as plain text, for resource plug-ins: see `Resource.log_tail`."""

import os
import re
from pathlib import Path

LONGEST_TAIL = 64 * 1024
"""Bytes that are read at most, from the end of the file."""
_ESCAPE = re.compile(
    r"""
    \x1b (?: \[ [0-?]* [ -/]* [@-~]                    # control sequences: colours, movements
            | [\]PX^_] [^\x07\x1b\n]* (?: \x07|\x1b\\ )?  # strings: titles, hyperlinks
            | [\x20-\x2f]* [0-~]                       # the short ones
          )
    """,
    re.VERBOSE,
)
"""Terminal escape sequences of ECMA-48."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def tail(path: Path, *, lines: int) -> str:
    """Return the last lines of a file as plain text; empty if the file does not exist or is empty."""
    try:
        # The job owns its log and may replace it: O_NOFOLLOW for a link, O_NONBLOCK for a pipe without a writer.
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
        content = content.partition(b"\n")[2] or content  # the first line is incomplete
    found = plain_text(content.decode(errors="replace")).splitlines()
    return "\n".join(found[max(0, len(found) - lines) :])


def plain_text(text: str) -> str:
    """Remove escape sequences and control characters; a carriage return (progress bars) starts a new line."""
    unescaped = _ESCAPE.sub("", text).replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROL.sub("", unescaped)
