"""Problems of a specification: where they are, the reason, and whether the workflow can run despite them."""

import re
from dataclasses import dataclass
from enum import StrEnum

LONGEST_SHOWN = 60
NO_IDENTIFIER = re.compile(r"[^A-Za-z0-9_-]")

DocumentPath = tuple[str | int, ...]
"""The keys and indexes that lead from the top of a document to one of its parts."""


class Severity(StrEnum):
    """An error keeps the workflow from running, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class SourcePosition:
    """A position in a text. Both numbers count from 1; columns count characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Problem:
    """One error or warning. `line` and `column` count from 1; they are None for JSON values, which have no text."""

    path: str
    """As in `$.workflow.specification.steps[0].commands`."""
    line: int | None
    column: int | None
    message: str
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        where = self.path if self.line is None else f"line {self.line}, column {self.column} ({self.path})"
        return f"{where}: {self.message}"


class SpecificationError(Exception):
    """The document cannot be read any further. Callers of this package get its `problem`, never this exception."""

    def __init__(self, message: str, *, path: DocumentPath = (), position: SourcePosition | None = None) -> None:
        super().__init__(message)
        self.problem = problem_at(message, path=path, position=position)


def problem_at(
    message: str, *, path: DocumentPath, position: SourcePosition | None, severity: Severity = Severity.ERROR
) -> Problem:
    """Return a problem at a path and, for a text, at a position."""
    line, column = (position.line, position.column) if position else (None, None)
    return Problem(format_path(path), line, column, message, severity)


def format_path(path: DocumentPath) -> str:
    """Return a path such as `$.inputs.files[2]`, with all keys in quotes that are no identifiers (`-` is allowed)."""
    parts = ["$"]
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            parts.append(f"[{quoted(step)}]" if not step or NO_IDENTIFIER.search(step) else f".{shortened(step)}")
    return "".join(parts)


def quoted(text: str) -> str:
    """Return text of the document in quotes, on one line and shortened."""
    return repr(shortened(text))


def shortened(text: str) -> str:
    """Return the first characters of a text."""
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}..."
