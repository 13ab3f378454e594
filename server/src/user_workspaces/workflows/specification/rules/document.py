"""Read a document from text or from JSON values, with all its problems at once. Never raises."""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import islice

from . import checks, json_reader, schema, yaml_reader
from .engines import type_in, why_not_supported
from .findings import Finding
from .inputs import Exists
from .inputs import findings as findings_of_inputs
from .problems import Problem, Severity, SourcePosition, SpecificationError, problem_at
from .tree import Node
from .values import Json


@dataclass(frozen=True, slots=True)
class Document:
    """The result of reading; its value is valid if none of the problems is an error."""

    value: Json
    """None if it could not be read at all."""
    tree: Node | None
    """The value with positions; None if it was read from JSON values."""
    problems: tuple[Problem, ...]
    """An unsupported engine first, then in the order of the text. At most fifty errors and fifty warnings."""

    @property
    def is_usable(self) -> bool:
        """True if no problem is an error."""
        return all(one.severity is not Severity.ERROR for one in self.problems)


def read_text(data: bytes, *, engines: Collection[str] | None = None, exists: Exists | None = None) -> Document:
    """Read the bytes of a `reana.yaml`; each problem has its line and column.

    `engines` are the workflow types that the server runs, None if unknown. `exists` looks up the input files; None
    skips that check.
    """
    try:
        tree = yaml_reader.read_tree(data)
    except SpecificationError as error:
        return Document(None, None, (error.problem,))
    return _checked(tree.value, tree, engines, exists)


def read_value(value: object, *, engines: Collection[str] | None = None) -> Document:
    """Read JSON values that are parsed already; each problem has its path."""
    try:
        document = json_reader.checked(value)
    except SpecificationError as error:
        return Document(None, None, (error.problem,))
    return _checked(document, None, engines, None)


def _checked(value: Json, tree: Node | None, engines: Collection[str] | None, exists: Exists | None) -> Document:
    found = schema.findings(value)
    found += checks.findings(value, [one.path for one in found if one.is_of_value])
    if exists is not None:
        wrong = {one.path for one in found if one.severity is Severity.ERROR}
        found += [one for one in findings_of_inputs(value, exists) if one.path not in wrong]
    problems = [_problem(one, tree) for one in _first(found)]
    if tree:
        problems.sort(key=lambda one: (one.line or 0, one.column or 0))
    named = type_in(value)
    if engines is not None and named and (reason := why_not_supported(named, engines)):
        problems.insert(0, _problem(Finding(("workflow", "type"), reason), tree))
    return Document(value, tree, tuple(problems))


def _first(found: list[Finding]) -> list[Finding]:
    """Return the first findings of each severity: more than fifty do not help."""
    return [
        one
        for severity in Severity
        for one in islice((each for each in found if each.severity is severity), schema.MOST_FINDINGS)
    ]


def _problem(finding: Finding, tree: Node | None) -> Problem:
    position: SourcePosition | None = tree.locate(finding.path, at_key=finding.at_key) if tree else None
    return problem_at(finding.message, path=finding.path, position=position, severity=finding.severity)
