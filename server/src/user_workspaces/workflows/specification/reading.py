"""Read a specification from text or from JSON values. Both functions return a `Reading` and never raise."""

import json
from collections.abc import Collection
from dataclasses import dataclass

from user_workspaces.errors import InvalidSpecification
from user_workspaces.interfaces.workflow_specification import Specification
from user_workspaces.workflows.specification.build import build
from user_workspaces.workflows.specification.rules import Document, Exists, Problem, Severity, read_text, read_value


@dataclass(frozen=True, slots=True)
class Reading:
    """The result of reading; `specification` is None exactly if one of the problems is an error."""

    specification: Specification | None
    problems: tuple[Problem, ...]
    """At most fifty errors and fifty warnings, in the order of the text."""

    def required(self) -> Specification:
        """Return the specification; raises `InvalidSpecification` with its errors."""
        if self.specification is None:
            raise InvalidSpecification([str(one) for one in self.problems if one.severity is Severity.ERROR])
        return self.specification

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Problems that do not keep the workflow from running."""
        return tuple(problem for problem in self.problems if problem.severity is Severity.WARNING)


def read_yaml(data: bytes, *, engines: Collection[str] | None = None, exists: Exists | None = None) -> Reading:
    """Read the bytes of a `reana.yaml`; each problem has its line and column. See `rules.read_text`."""
    return _reading(read_text(data, engines=engines, exists=exists))


def read_json(value: object) -> Reading:
    """Read parsed JSON values; each problem has its path."""
    return _reading(read_value(value))


def _reading(document: Document) -> Reading:
    if not document.is_usable or not isinstance(document.value, dict):
        return Reading(None, document.problems)
    source = json.dumps(document.value, ensure_ascii=False, allow_nan=False)
    return Reading(build(document.value, source=source), document.problems)
