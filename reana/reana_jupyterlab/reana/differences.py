"""Which files differ in two workspaces: REANA's comparison is the output of `diff -r`, a text without a structure."""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["changed", "first", "second"]
HEADS = ("Only in ", "Files ", "Binary files ", "File ")
LEFT_OUT = "[..."
"""What our own service ends with when there is more than it compares."""


@dataclass(frozen=True)
class FileChange:
    """A file that is not the same in both workspaces, or (`first`, `second`) a file or directory of one alone."""

    path: str
    kind: Kind


@dataclass(frozen=True)
class Differences:
    """All that was understood; not complete where the server left something out or a line has another form."""

    changes: tuple[FileChange, ...]
    is_complete: bool


def read_differences(text: str, *, first: str, second: str) -> Differences:
    """Read the output for two runs, whose names stand for their workspaces; of unified diffs the heads."""
    read = _Reader(first=re.escape(first), second=re.escape(second))
    lines, changes, is_complete = text.splitlines(), list[FileChange](), True
    for line, after in pairwise([*lines, ""]):
        if change := read.line(line) or read.names(line, after):
            changes.append(change)
        elif line.startswith((LEFT_OUT, *HEADS)):
            is_complete = False
    return Differences(tuple(changes), is_complete)


class _Reader:
    """Knows the forms of a line for two workspaces."""

    def __init__(self, *, first: str, second: str) -> None:
        self._alone = re.compile(
            rf"Only in (?:(?P<first>{first})|{second})(?:/(?P<folder>.*?))?: (?P<name>.+)",
        )
        self._both = re.compile(
            rf"(?:Files|Binary files) {first}/(?P<path>.+) and {second}/(?P=path) differ"
            rf"|File {first}/(?P<other>.+) is an? .+ while file {second}/(?P=other) is an? .+"
        )
        self._names = re.compile(rf"--- \"?{first}/(?P<path>.+?)\"?(?:\t.*)?\n\+\+\+ \"?{second}/(?P=path)\"?(?:\t.*)?")

    def line(self, line: str) -> FileChange | None:
        """Read a line that tells of a file by itself."""
        if match := self._alone.fullmatch(line):
            folder, name = match["folder"], match["name"]
            return FileChange(f"{folder}/{name}" if folder else name, "first" if match["first"] else "second")
        if match := self._both.fullmatch(line):
            return FileChange(match["path"] or match["other"], "changed")
        return None

    def names(self, line: str, after: str) -> FileChange | None:
        """Read the two lines of names of a unified diff."""
        match = self._names.fullmatch(f"{line}\n{after}")
        return FileChange(match["path"], "changed") if match else None
