"""Selects the base environment of a workspace's jobs."""

from collections.abc import Callable
from dataclasses import dataclass, field

from user_workspaces import registry
from user_workspaces.errors import ConfigurationError, InvalidRequest
from user_workspaces.interfaces.environment import Base
from user_workspaces.interfaces.values import Preparation
from user_workspaces.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class NamedBase:
    """A base, with the displayed name of the job type or environment that provides it."""

    name: str
    base: Base
    prepare: Callable[[str], Preparation] = field(compare=False)
    """Returns the state of the base on a resource, and starts its build if necessary."""


def base_on(resource: str, *, preferred: str, environment: str = "") -> NamedBase | None:
    """Return the base of a named environment, else that of the preferred job type, else the first one of a job type.

    Raises `InvalidRequest` for an environment that is not configured, and as its `base` does.
    """
    site, current = registry.site(), registry.current()
    if environment:
        chosen = current.environments.get(environment)
        return NamedBase(site.environments.get(environment, environment), chosen.base(resource), chosen.prepare)
    for name in dict.fromkeys([preferred, *(name for name, _ in current.job_types.items())]):
        if name not in current.job_types:
            continue
        job_type = current.job_types.get(name)
        try:
            found = job_type.base(resource)
        except (ConfigurationError, InvalidRequest):  # not configured there; its own launches report that
            continue
        if found is not None:
            return NamedBase(site.job_types[name].name if name in site.job_types else name, found, job_type.prepare)
    return None


def base_of(workspace: Workspace) -> NamedBase | None:
    """Return the base of a workspace's jobs on the main resource; None if the server has none."""
    return base_on(registry.site().main_resource, preferred=workspace.default_job_type)


def required_base_of(workspace: Workspace) -> Base:
    """Return the base of a workspace's jobs; raises `InvalidRequest` if the server has none."""
    found = base_of(workspace)
    if found is None:
        raise InvalidRequest("This site has no environment to add packages to.")
    return found.base
