"""The beginning or the end of a text file, with the numbers of its lines."""

import codecs
from dataclasses import dataclass
from typing import BinaryIO

LARGEST = 1024 * 1024
"""In bytes: of the part of a text that is shown."""
MOST_COUNTED = 256 * 1024 * 1024
"""In bytes: before the end of a longer file nobody counts the lines."""
CONTINUES = range(0x80, 0xC0)
"""The bytes that go on with a character of UTF-8."""
LOGS = (".log", ".out", ".err")


@dataclass(frozen=True, slots=True)
class TextPart:
    """What is shown of a text."""

    text: str
    is_cut: bool = False
    """Whether there is more of the file."""
    is_end: bool = False
    """Whether it is the end of the file that is shown."""
    first_line: int | None = 1
    """The number of its first line; None: not known."""

    @property
    def lines(self) -> list[str]:
        """Its lines as a terminal shows them: of a line that was written over, the last writing."""
        lines = [line.removesuffix("\r").rpartition("\r")[2] for line in self.text.split("\n")]
        return lines[:-1] if len(lines) > 1 and not lines[-1] else lines

    @property
    def shown(self) -> str:
        """Its lines in one text."""
        return "\n".join(self.lines)

    @property
    def numbers(self) -> str:
        """The numbers of its lines, a line each; empty where they are not known."""
        if self.first_line is None:
            return ""
        return "\n".join(str(self.first_line + at) for at in range(len(self.lines)))

    @property
    def last_line(self) -> int | None:
        """The number of its last line."""
        return None if self.first_line is None else self.first_line + len(self.lines) - 1


def is_log(name: str) -> bool:
    """Return whether what was written last is what people look for."""
    return name.lower().endswith(LOGS)


def read_start(content: BinaryIO, size: int) -> TextPart | None:
    """Read the beginning of a text; None where it is none."""
    is_cut = size > LARGEST
    text = _decoded(content.read(LARGEST), final=not is_cut)
    return None if text is None else TextPart(text, is_cut=is_cut)


def read_end(content: BinaryIO, size: int) -> TextPart | None:
    """Read the end of a text, from the beginning of a line where there is one; None where it is no text."""
    if size <= LARGEST:
        return read_start(content, size)
    start = size - LARGEST
    content.seek(start)
    raw = content.read(LARGEST)
    at = raw.find(b"\n") + 1
    if not at:  # one line: from the beginning of a character
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
    """Return the text in UTF-8; None where it is none. The last character may be cut in the middle."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(raw, final=final)
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
