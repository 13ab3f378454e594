"""The bases of a site: which one the jobs of a workspace start with."""

from dataclasses import dataclass

from user_workspaces import registry
from user_workspaces.errors import ConfigurationError, InvalidRequest
from user_workspaces.interfaces.environment import Base
from user_workspaces.workspaces.models import Workspace


@dataclass(frozen=True, slots=True)
class NamedBase:
    """A base, and the name of the job type that brings it."""

    name: str
    base: Base


def named_base_on(resource: str, *, preferred: str) -> NamedBase | None:
    """Return the base of the preferred job type on a resource, else of the first one that brings a base there."""
    job_types, site = registry.current().job_types, registry.site()
    names = dict.fromkeys([preferred, *(name for name, _ in job_types.items())])
    for name in names:
        if name in job_types:
            try:
                found = job_types.get(name).base(resource)
            except (ConfigurationError, InvalidRequest):  # not set up there, and its own launches say so
                continue
            if found is not None:
                return NamedBase(site.job_types[name].name if name in site.job_types else name, found)
    return None


def base_on(resource: str, *, preferred: str) -> Base | None:
    """Return the same without its name."""
    found = named_base_on(resource, preferred=preferred)
    return found.base if found else None


def base_of(workspace: Workspace) -> NamedBase | None:
    """Return the base of a workspace's jobs, on the site's main resource; None: the site has none."""
    return named_base_on(registry.site().main_resource, preferred=workspace.default_job_type)


def required_base_of(workspace: Workspace) -> Base:
    """Return the same; raises `InvalidRequest` where there is none."""
    found = base_of(workspace)
    if found is None:
        raise InvalidRequest("This site has no environment of its own that packages could be added to.")
    return found.base
