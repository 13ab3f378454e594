"""Validate the resource options of a launch against the configured parameters."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import orjson
from pydantic import ValidationError

from user_workspaces.errors import InvalidOptions, InvalidRequest
from user_workspaces.interfaces.job_type import JobParameters
from user_workspaces.interfaces.settings import Parameter, ServerSettings
from user_workspaces.interfaces.values import Limits

TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}
SECONDS_A_MINUTE = 60
# The largest value of the integer columns of jobs.
LARGEST = 2**31 - 1
DEEPEST = 20
LARGEST_DETAILS = 64 * 1024
LARGEST_NUMBER = 2**63
MISSING = object()


@dataclass(frozen=True, slots=True)
class ParameterValues:
    """The validated options by variable name, with defaults and without unknown options."""

    values: Mapping[str, object]

    def limits(self, mapping: Mapping[str, str]) -> Limits:
        """Return the limits for a resource, whose `mapping` translates variable names to standard options."""
        standard = {mapping[name]: value for name, value in self.values.items() if name in mapping}
        cpus, memory = standard.get("num_cpus"), standard.get("memory_mb")
        minutes = standard.get("time_limit_min")
        return Limits(
            cpus=_whole("num_cpus", cpus) or 1,
            memory_mb=_whole("memory_mb", memory),
            time_limit_seconds=_whole("time_limit_min", minutes, times=SECONDS_A_MINUTE),
        )


def _whole(name: str, value: object, *, times: int = 1) -> int | None:
    """Return a value rounded up to an integer that the database can store; None if it is no number."""
    if not isinstance(value, int | float) or isinstance(value, bool):  # `bool` is a subclass of `int`
        return None
    whole = math.ceil(value * times)  # rounded up: a job gets at least what it requests
    if not 0 < whole <= LARGEST:
        raise InvalidOptions([f"{name}: Value '{value}' is out of range."])
    return whole


def validate(options: Mapping[str, object], parameters: tuple[Parameter, ...]) -> ParameterValues:
    """Check all options and raise `InvalidOptions` with every problem found."""
    problems: list[str] = []
    values: dict[str, object] = {}
    for parameter in parameters:
        value = _value_of(parameter, options)
        if value is MISSING:
            if parameter.required and parameter.default is None:
                problems.append(f"Missing required: {parameter.variable_name}")
            elif parameter.default is not None:
                values[parameter.variable_name] = parameter.default
            continue
        problem = _problem(parameter, value)
        if problem:
            problems.append(problem)
        values[parameter.variable_name] = value
    if problems:
        raise InvalidOptions(problems)
    return ParameterValues(values)


def parameter_for(option: str, site: ServerSettings, *, resource: str) -> str:
    """Return the name of the parameter that sets a standard option on a resource; empty if there is none."""
    offered = {parameter.variable_name for parameter in site.parameters}
    mapping = site.resources[resource].parameter_mapping
    return next((name for name, meaning in mapping.items() if meaning == option and name in offered), "")


def check_storable(value: object, *, label: str) -> None:
    """Raise `InvalidRequest` for a value that is too large, too deep, or that a database cannot store."""
    if _depth(value) > DEEPEST or len(orjson.dumps(value)) > LARGEST_DETAILS:
        raise InvalidRequest(f"{label} too large: at most {LARGEST_DETAILS} bytes, nested {DEEPEST} deep.")
    problem = next(filter(None, map(_problem_of, _leaves(value))), "")
    if problem:
        raise InvalidRequest(f"{label} cannot contain {problem}.")


def job_parameters(model: type[JobParameters], details: Mapping[str, object]) -> JobParameters:
    """Return the parameters of the job type; details that it does not define are ignored."""
    known = {name: value for name, value in details.items() if name in model.model_fields}
    try:
        # Validated as JSON: pydantic's JSON mode accepts lists for tuples and text for enums, as clients send them.
        return model.model_validate_json(orjson.dumps(known))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_context=False)[0]
        location = ".".join(["job_details", *(str(part) for part in problem["loc"])])
        raise InvalidRequest(f"{location}: {problem['msg']}") from None


def _depth(value: object) -> int:
    """Return the nesting depth; stops counting just above the limit."""
    # Level by level, without recursion: the nesting may be deeper than Python's stack.
    level, depth = [value], 0
    while level and depth <= DEEPEST:
        level = [inner for outer in level for inner in _children(outer)]
        depth += 1
    return depth


def _children(value: object) -> list[object]:
    if isinstance(value, Mapping):
        return list(value.values())
    return value if isinstance(value, list) else []


def _leaves(value: object) -> Iterator[object]:
    """Yield all keys and all values that contain no others."""
    if isinstance(value, Mapping):
        yield from value
    children = _children(value)
    if not children:
        yield value
    # Recursion is safe: `check_storable` has limited the depth before.
    for child in children:
        yield from _leaves(child)


def _problem_of(value: object) -> str:
    """Return a description of a value that SQLite or PostgreSQL cannot store unchanged; empty for others."""
    if isinstance(value, str) and "\0" in value:
        return "a NUL character"
    if isinstance(value, int | float) and abs(value) >= LARGEST_NUMBER:
        return "a number of more than 63 bits"
    return ""


def _value_of(parameter: Parameter, options: Mapping[str, object]) -> object:
    names = (parameter.variable_name, *parameter.aliases)
    return next((options[name] for name in names if name in options), MISSING)


def _problem(parameter: Parameter, value: object) -> str:
    name, type_name = parameter.variable_name, parameter.type_name
    wrong_type = not isinstance(value, TYPES[type_name]) or (isinstance(value, bool) and type_name != "bool")
    if wrong_type:
        return (
            f"{name}: Value '{value}' of type {type(value).__name__} does not match required type {type_name}. "
            f"Skipping further validation of parameter {name}."
        )
    if not isinstance(value, int | float) or isinstance(value, bool):
        return ""
    if parameter.minimum is not None and value < parameter.minimum:
        return f"{name}: Value '{value}' not above minimum of {_format_bound(parameter.minimum)}."
    if parameter.maximum is not None and value > parameter.maximum:
        return f"{name}: Value '{value}' above maximum of {_format_bound(parameter.maximum)}."
    return ""


def _format_bound(bound: float) -> str:
    """Return a bound without an exponent: 1048576, not 1.04858e+06."""
    return str(int(bound)) if float(bound).is_integer() else str(bound)
