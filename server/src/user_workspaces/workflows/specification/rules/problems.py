"""What is said of a specification: the place, the reason, and whether it can run all the same."""

import re
from dataclasses import dataclass
from enum import StrEnum

LONGEST_SHOWN = 60
NO_IDENTIFIER = re.compile(r"[^A-Za-z0-9_-]")

Path = tuple[str | int, ...]
"""The keys and positions that lead from the top of a document to one of its parts."""


class Severity(StrEnum):
    """How bad it is."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where in a text, both from 1; a column counts characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `line` and `column` count from 1; None: what was read is no text, but JSON values."""

    path: str
    """As in `$.workflow.specification.steps[0].commands`."""
    line: int | None
    column: int | None
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = self.path if self.line is None else f"line {self.line}, column {self.column} ({self.path})"
        return f"{where}: {self.message}"


class Refusal(Exception):
    """Reading cannot go on; never leaves this package."""

    def __init__(self, message: str, *, path: Path = (), location: Place | None = None) -> None:
        super().__init__(message)
        self.problem = problem_at(message, path=path, location=location)


def problem_at(message: str, *, path: Path, location: Place | None, severity: Severity = Severity.ERROR) -> Problem:
    """Return a problem with its place."""
    line, column = (location.line, location.column) if location else (None, None)
    return Problem(written(path), line, column, message, severity)


def written(path: Path) -> str:
    """Return a path as people write it: `$.inputs.files[2]`, and keys with other letters in quotes."""
    parts = ["$"]
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            parts.append(f"[{shown(step)}]" if not step or NO_IDENTIFIER.search(step) else f".{shortened(step)}")
    return "".join(parts)


def shown(text: str) -> str:
    """Return somebody's text in quotes, on one line and not too long."""
    return repr(shortened(text))


def shortened(text: str) -> str:
    """Return the beginning of a text."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
