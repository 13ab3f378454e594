"""Reading a specification from text or from JSON values: both ways give a `Reading`, and never raise."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from user_workspaces.errors import InvalidSpecification
from user_workspaces.interfaces.workflow_specification import Json, Specification
from user_workspaces.workflows.specification import checks, json_reader, schema, yaml_reader
from user_workspaces.workflows.specification.build import build
from user_workspaces.workflows.specification.findings import Finding
from user_workspaces.workflows.specification.problems import Place, Problem, Refusal, Severity, problem_at
from user_workspaces.workflows.specification.tree import Node


@dataclass(frozen=True, slots=True)
class Reading:
    """What was found; `specification` is None exactly when one of the problems is an error."""

    specification: Specification | None
    problems: tuple[Problem, ...]
    """At most fifty errors and fifty warnings; those of a text are in its order."""

    def required(self) -> Specification:
        """Return the specification; raises `InvalidSpecification` with its errors."""
        if self.specification is None:
            raise InvalidSpecification([str(one) for one in self.problems if one.severity is Severity.ERROR])
        return self.specification

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What does not keep it from running."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.WARNING)


def read_yaml(data: bytes) -> Reading:
    """Read the bytes of a `reana.yaml`; each problem has its line and column."""
    try:
        tree = yaml_reader.read_tree(data)
    except Refusal as refusal:
        return Reading(None, (refusal.problem,))
    return _reading(tree.value, tree)


def read_json(value: object) -> Reading:
    """Read JSON values that are parsed already; each problem has its path."""
    try:
        document = json_reader.checked(value)
    except Refusal as refusal:
        return Reading(None, (refusal.problem,))
    return _reading(document, None)


def _reading(document: Json, tree: Node | None) -> Reading:
    found = schema.findings(document)
    if not any(one.severity is Severity.ERROR for one in found) and isinstance(document, dict):
        found += checks.findings(document)
    problems = tuple(_problem(one, tree) for one in _first(found))
    if tree:
        problems = tuple(sorted(problems, key=lambda one: (one.line or 0, one.column or 0)))
    wrong = any(problem.severity is Severity.ERROR for problem in problems)
    if wrong or not isinstance(document, dict):
        return Reading(None, problems)
    return Reading(build(document, source=json.dumps(document, ensure_ascii=False, allow_nan=False)), problems)


def _first(found: list[Finding]) -> Iterator[Finding]:
    """Return so many that a person can read them."""
    for severity in Severity:
        yield from islice((one for one in found if one.severity is severity), schema.MOST_FINDINGS)


def _problem(finding: Finding, tree: Node | None) -> Problem:
    place: Place | None = tree.locate(finding.path, at_key=finding.at_key) if tree else None
    return problem_at(finding.message, path=finding.path, place=place, severity=finding.severity)
