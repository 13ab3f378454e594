"""Describes the parameters and options of a run for a form, and checks submitted values."""

from collections.abc import Mapping
from dataclasses import dataclass

from .errors import BadRequest
from .specification import Specification
from .values import Json

SERIAL_OPTIONS: tuple[tuple[str, str, Json], ...] = (
    ("CACHE", "boolean", False),
    ("FROM", "step", None),
    ("TARGET", "step", None),
)


@dataclass(frozen=True)
class Field:
    """A form field; `kind` is string, integer, number, boolean, list, object, or step (with `choices`)."""

    name: str
    kind: str
    default: Json
    line: int = 0
    choices: tuple[str, ...] = ()


def parameter_fields(specification: Specification) -> tuple[Field, ...]:
    """Return the declared parameters in order."""
    return tuple(
        Field(name, kind_of(value), value, specification.line("inputs", "parameters", name))
        for name, value in specification.parameters.items()
    )


def option_fields(specification: Specification) -> tuple[Field, ...]:
    """Return the options of the workflow's engine."""
    if specification.engine != "serial":
        return ()
    steps = tuple(str(step["name"]) for step in specification.steps if isinstance(step.get("name"), str))
    declared = specification.at("inputs", "options")
    values = declared if isinstance(declared, dict) else {}
    return tuple(
        Field(name, kind, values.get(name, default), choices=steps if kind == "step" else ())
        for name, kind, default in SERIAL_OPTIONS
        if kind != "step" or steps
    )


def kind_of(value: Json) -> str:
    """Name the kind of a value, as JSON Schema does."""
    match value:
        # `bool` is a subclass of `int`, so it comes first.
        case bool():
            return "boolean"
        case int():
            return "integer"
        case float():
            return "number"
        case list():
            return "list"
        case dict():
            return "object"
        case _:
            return "string"


def check_parameters(specification: Specification, given: Mapping[str, Json]) -> None:
    """Raise `BadRequest` for undeclared parameters and for values of another type than the declared one."""
    declared = specification.parameters
    for name, value in given.items():
        if name not in declared:
            raise BadRequest(f"The specification declares no parameter '{name}'.")
        wanted, kind = kind_of(declared[name]), kind_of(value)
        # A default of 3 permits 3.5: REANA does not distinguish integers.
        is_number = {wanted, kind} <= {"integer", "number"}
        # A default of null has no type.
        if declared[name] is not None and wanted != kind and not is_number:
            raise BadRequest(f"The parameter '{name}' must be of type {wanted}, not {kind}.")
