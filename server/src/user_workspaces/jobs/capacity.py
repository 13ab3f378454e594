"""The largest values that launch forms offer: the capacity of a resource within the configured bounds."""

from collections.abc import Mapping
from dataclasses import dataclass

from user_workspaces import registry
from user_workspaces.interfaces.capacity import Capacity
from user_workspaces.interfaces.settings import Parameter, ServerSettings
from user_workspaces.jobs.resource_options import parameter_for


@dataclass(frozen=True, slots=True)
class Ceiling:
    """The largest useful value of one parameter on a resource."""

    most: int
    reason: str
    """The capacity of the resource as a sentence, shown as the reason."""


def ceilings(resource: str, *, site: ServerSettings) -> dict[str, Ceiling]:
    """Return the ceilings of the parameters whose capacity is known, by parameter name.

    A ceiling is never below the configured minimum, so that the minimum can always be launched.
    """
    plugins = registry.current().resources
    if resource not in plugins or resource not in site.resources:
        return {}
    parameters = {parameter.variable_name: parameter for parameter in site.parameters}
    found = {}
    for option, most, reason in _known(plugins.get(resource).capacity(), name=site.resources[resource].name):
        name = parameter_for(option, site, resource=resource)
        if name:
            found[name] = Ceiling(max(most, _minimum(parameters[name])), reason)
    return found


def excess(options: Mapping[str, object], *, resource: str, site: ServerSettings) -> list[str]:
    """Return the reasons why a resource cannot satisfy these options; empty if it can."""
    known = ceilings(resource, site=site)
    reasons = []
    for parameter in site.parameters:
        names = (parameter.variable_name, *parameter.aliases)
        value = next((options[name] for name in names if name in options), parameter.default)
        ceiling = known.get(parameter.variable_name)
        if ceiling and isinstance(value, int | float) and value > ceiling.most:
            reasons.append(ceiling.reason)
    return reasons


def _known(capacity: Capacity, *, name: str) -> list[tuple[str, int, str]]:
    known = []
    if (cpus := capacity.cpus) is not None:
        known.append(("num_cpus", cpus, f"{name} has {cpus} CPU{'s' if cpus != 1 else ''}."))
    if capacity.memory_mb is not None:
        known.append(("memory_mb", capacity.memory_mb, f"{name} has {capacity.memory_mb} MB of memory."))
    return known


def _minimum(parameter: Parameter) -> int:
    return int(parameter.minimum or 0)
