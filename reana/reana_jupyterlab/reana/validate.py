"""Validates a `reana.yaml` before it is sent; the report has the format of reana-client."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from . import rules
from .rules import KNOWN, Document, Exists, read_text
from .rules.engines import listed, type_in
from .specification import encoded

Section = Literal["specification", "inputs", "parameters", "operations"]

TITLES: dict[Section, tuple[str, str]] = {
    "specification": ("Verifying REANA specification file...", "Valid REANA specification file."),
    "inputs": ("Verifying input files and directories...", "Input files and directories are there."),
    "parameters": ("Verifying REANA specification parameters...", "REANA specification parameters appear valid."),
    "operations": ("Verifying workflow commands...", "Workflow commands appear valid."),
}
PARTS: tuple[tuple[Section, re.Pattern[str]], ...] = (
    ("inputs", re.compile(r"\$\.(inputs\.(files|directories)\b|workflow\.file$)")),
    ("parameters", re.compile(r"\$\.inputs\.(parameters|options)\b")),
    ("operations", re.compile(r"\$\.workflow\.specification\.steps\[\d+\]\.commands\b")),
)
"""Section of the report by the path of a problem; all others belong to the specification."""


@dataclass(frozen=True)
class Problem:
    """A problem; errors prevent a run, warnings do not. Line and column count from 1."""

    section: Section
    severity: Literal["error", "warning"]
    message: str
    line: int
    column: int
    path: str = "$"
    """For example `$.workflow.specification.steps[0].commands`."""


def problems(text: str, *, exists: Exists, engines: Collection[str] | None = None) -> list[Problem]:
    """Return the problems: an unknown engine first, then in the order of the file.

    `exists` returns the kind of a file next to the `reana.yaml`; `engines` are those of the server, None if unknown.
    """
    document = read_text(encoded(text), engines=engines, exists=exists)
    found = [_problem(one) for one in document.problems]
    return found if engines is not None else [*_unknown_type(document), *found]


def report(found: list[Problem], *, name: str) -> str:
    """Return the problems as lines, like reana-client prints them."""
    lines: list[str] = []
    is_unread = any(problem.section == "specification" and problem.severity == "error" for problem in found)
    for section, (title, success) in TITLES.items():
        here = [problem for problem in found if problem.section == section]
        if is_unread and not here:
            continue  # it may not have been checked
        lines.append(f"==> {title} {name}" if section == "specification" else f"==> {title}")
        lines += [f"  -> {problem.severity.upper()}: {_at_line(problem)}" for problem in here]
        if not any(problem.severity == "error" for problem in here):
            lines.append(f"  -> SUCCESS: {success}")
    return "\n".join(lines)


def _unknown_type(document: Document) -> Iterator[Problem]:
    """Report an engine that no REANA supports, used if the server's engines are unknown."""
    named = type_in(document.value)
    if document.tree and named and named not in KNOWN:
        place = document.tree.locate(("workflow", "type"), at_key=False)
        said = f"{named[:60]!r} is no type of workflow; there is {listed(KNOWN)}"
        yield Problem("specification", "error", said, place.line, place.column, "$.workflow.type")


def _problem(problem: rules.Problem) -> Problem:
    section: Section = next((name for name, pattern in PARTS if pattern.match(problem.path)), "specification")
    severity: Literal["error", "warning"] = "error" if problem.severity is rules.Severity.ERROR else "warning"
    return Problem(section, severity, problem.message, problem.line or 1, problem.column or 1, problem.path)


def _at_line(problem: Problem) -> str:
    return f"line {problem.line}, column {problem.column} ({problem.path}): {problem.message}"
