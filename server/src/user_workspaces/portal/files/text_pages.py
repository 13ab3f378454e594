"""The start or the end of a text file, with line numbers."""

import codecs
from dataclasses import dataclass
from typing import BinaryIO

LARGEST = 1024 * 1024
"""In bytes, of the displayed part."""
MOST_COUNTED = 256 * 1024 * 1024
"""In bytes; the end of a longer file has no line numbers, since counting would take too long."""
CONTINUES = range(0x80, 0xC0)
"""UTF-8 continuation bytes."""
LOGS = (".log", ".out", ".err")


@dataclass(frozen=True, slots=True)
class TextPart:
    """The displayed part of a text."""

    text: str
    is_cut: bool = False
    """True if the file contains more text."""
    is_end: bool = False
    """True if the part is the end of the file."""
    first_line: int | None = 1
    """Number of the first line; None if not known."""

    @property
    def lines(self) -> list[str]:
        """The lines as a terminal shows them: text after a carriage return overwrites the line."""
        lines = [line.removesuffix("\r").rpartition("\r")[2] for line in self.text.split("\n")]
        return lines[:-1] if len(lines) > 1 and not lines[-1] else lines

    @property
    def shown(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)

    @property
    def numbers(self) -> str:
        """The line numbers, one per line; empty if not known."""
        if self.first_line is None:
            return ""
        return "\n".join(str(self.first_line + at) for at in range(len(self.lines)))

    @property
    def last_line(self) -> int | None:
        """Number of the last line; None if not known."""
        return None if self.first_line is None else self.first_line + len(self.lines) - 1


def is_log(name: str) -> bool:
    """Return True for the file name of a log, of which the end matters most."""
    return name.lower().endswith(LOGS)


def read_start(content: BinaryIO, size: int) -> TextPart | None:
    """Read the start of a text; None if the file is not text."""
    is_cut = size > LARGEST
    text = _decoded(content.read(LARGEST), final=not is_cut)
    return None if text is None else TextPart(text, is_cut=is_cut)


def read_end(content: BinaryIO, size: int) -> TextPart | None:
    """Read the end of a text, from the start of a line if possible; None if the file is not text."""
    if size <= LARGEST:
        return read_start(content, size)
    start = size - LARGEST
    content.seek(start)
    raw = content.read(LARGEST)
    at = raw.find(b"\n") + 1
    if not at:  # a single line: start at a character
        # A character has at most four bytes in UTF-8, of which three continue it.
        at = next((at for at, byte in enumerate(raw[:4]) if byte not in CONTINUES), 0)
    text = _decoded(raw[at:], final=True)
    if text is None:
        return None
    first = _lines_before(content, start + at) + 1 if start <= MOST_COUNTED else None
    return TextPart(text, is_cut=True, is_end=True, first_line=first)


def _lines_before(content: BinaryIO, end: int) -> int:
    content.seek(0)
    count, left = 0, end
    while left and (piece := content.read(min(LARGEST, left))):
        left -= len(piece)
        count += piece.count(b"\n")
    return count


def _decoded(raw: bytes, *, final: bool) -> str | None:
    """Decode UTF-8, whose last character may be cut; None if it is not text."""
    try:
        # An incremental decoder holds back an incomplete last character instead of failing.
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(raw, final=final)
    except UnicodeDecodeError:
        return None
    # Binary files can be valid UTF-8, but text contains no NUL.
    return None if "\0" in text else text
