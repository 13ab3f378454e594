"""What a launch asks of a resource, checked against the configured parameters."""

from collections.abc import Mapping
from dataclasses import dataclass

from user_workspaces.errors import InvalidOptions
from user_workspaces.interfaces.site import Parameter
from user_workspaces.interfaces.values import Limits

TYPES: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "str": (str,), "bool": (bool,)}
SECONDS_A_MINUTE = 60
MISSING = object()


@dataclass(frozen=True, slots=True)
class ParameterValues:
    """The validated options by variable name; unknown ones are gone, defaults are in."""

    values: Mapping[str, object]

    def limits(self, mapping: Mapping[str, str]) -> Limits:
        """Translate them for a resource: `mapping` goes from variable names to standard options."""
        standard = {mapping[name]: value for name, value in self.values.items() if name in mapping}
        cpus, memory = standard.get("num_cpus"), standard.get("memory_mb")
        minutes = standard.get("time_limit_min")
        return Limits(
            cpus=cpus if isinstance(cpus, int) else 1,
            memory_mb=memory if isinstance(memory, int) else None,
            time_limit_seconds=minutes * SECONDS_A_MINUTE if isinstance(minutes, int) else None,
        )


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
        return f"{name}: Value '{value}' not above minimum of {parameter.minimum:g}."
    if parameter.maximum is not None and value > parameter.maximum:
        return f"{name}: Value '{value}' above maximum of {parameter.maximum:g}."
    return ""
