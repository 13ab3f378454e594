"""Parses REANA's comparison of two workspaces, the plain output of `diff -r`."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["changed", "first", "second"]
HEADS = ("Only in ", "Files ", "Binary files ", "File ")
LEFT_OUT = "[..."
"""Ends the comparison of this project's service if it was truncated."""


@dataclass(frozen=True)
class FileChange:
    """A changed file, or (`first`, `second`) a file or directory that exists in one workspace only."""

    path: str
    kind: Kind


@dataclass(frozen=True)
class Differences:
    """The parsed changes; incomplete if the server truncated its output or a line has an unknown format."""

    changes: tuple[FileChange, ...]
    is_complete: bool


def read_differences(text: str, *, first: str, second: str) -> Differences:
    """Parse the output for two runs, whose names replace their directories; reads only the headers of unified diffs."""
    # Names contain dots, which are wildcards in a pattern.
    read = _Reader(first=re.escape(first), second=re.escape(second))
    lines, changes, is_complete = text.splitlines(), list[FileChange](), True
    # The header of a unified diff has two lines, so each line is matched with its successor.
    for line, after in pairwise([*lines, ""]):
        if change := read.line(line) or read.names(line, after):
            changes.append(change)
        elif line.startswith((LEFT_OUT, *HEADS)):
            # A report that no pattern matches may hide a change.
            is_complete = False
    return Differences(tuple(changes), is_complete)


class _Reader:
    """Matches the line formats of `diff` for two workspaces."""

    def __init__(self, *, first: str, second: str) -> None:
        self._alone = re.compile(
            rf"Only in (?:(?P<first>{first})|{second})(?:/(?P<folder>.*?))?: (?P<name>.+)",
        )
        # Both sides have the same path, which resolves a name that itself contains " and ".
        self._both = re.compile(
            rf"(?:Files|Binary files) {first}/(?P<path>.+) and {second}/(?P=path) differ"
            rf"|File {first}/(?P<other>.+) is an? .+ while file {second}/(?P=other) is an? .+"
        )
        # GNU diff quotes names with special characters, and appends a tab and a time.
        self._names = re.compile(rf"--- \"?{first}/(?P<path>.+?)\"?(?:\t.*)?\n\+\+\+ \"?{second}/(?P=path)\"?(?:\t.*)?")

    def line(self, line: str) -> FileChange | None:
        """Parse a line that reports one file."""
        if match := self._alone.fullmatch(line):
            folder, name = match["folder"], match["name"]
            return FileChange(f"{folder}/{name}" if folder else name, "first" if match["first"] else "second")
        if match := self._both.fullmatch(line):
            return FileChange(match["path"] or match["other"], "changed")
        return None

    def names(self, line: str, after: str) -> FileChange | None:
        """Parse the two header lines of a unified diff."""
        match = self._names.fullmatch(f"{line}\n{after}")
        return FileChange(match["path"], "changed") if match else None
