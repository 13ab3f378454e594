"""Which environment a job gets."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from user_workspaces import registry
from user_workspaces.errors import ConfigurationError, InvalidRequest
from user_workspaces.interfaces.environment import FOLDER, Base, WorkspaceEnvironment
from user_workspaces.interfaces.values import Preparation, PreparationState

BASE = "base"
"""The overlay on the environment that the site starts with; named ones have overlays of their own names."""
READY = Preparation(PreparationState.READY)


class _Source(NamedTuple):
    """What brings a base."""

    base: Callable[[str], Base | None]
    prepare: Callable[[str], Preparation]


def environments_on(resource: str) -> dict[str, str]:
    """Return the names of the environments that a launch on a resource can choose, by id."""
    found = registry.current().environments.items()
    return {name: registry.site().environments[name] for name, one in found if one.is_on(resource)}


def check_choice(name: object, *, resource: str) -> None:
    """Raise `InvalidRequest` for an environment that is not offered on a resource; empty is the usual one."""
    if name in ("", None):
        return
    if not isinstance(name, str) or name not in environments_on(resource):
        raise InvalidRequest(f"{name} is not in the list of available environments.")


def environment_for(
    *, job_type: str, resource: str, workspace: Path | None, name: str = ""
) -> WorkspaceEnvironment | None:
    """Return the environment of a workspace for a job; None where the site has no base on this resource.

    `workspace`: its folder as the job sees it; None: there is no workspace, and nothing can be installed.
    """
    source = _source(job_type, resource, name)
    base = source.base(resource) if source else None
    if base is None:
        return None
    return WorkspaceEnvironment(base, workspace / FOLDER / (name or BASE) if workspace else None)


def prepare(*, job_type: str, resource: str, name: str = "") -> Preparation:
    """Say whether the base of that environment is there, and have it built where it is not."""
    source = _source(job_type, resource, name)
    return source.prepare(resource) if source else READY


def _source(job_type: str, resource: str, name: str) -> _Source | None:
    """Return what brings the named environment, or the usual one: the job type itself, else the first that can."""
    if name:
        chosen = registry.current().environments.get(name)
        return _Source(chosen.base, chosen.prepare)
    return next(filter(lambda one: _brings_base(one, resource), _job_types(job_type)), None)


def _job_types(preferred: str) -> Iterator[_Source]:
    job_types = registry.current().job_types
    for name in dict.fromkeys([preferred, *(name for name, _ in job_types.items())]):
        if name in job_types:
            yield _Source(job_types.get(name).base, job_types.get(name).prepare)


def _brings_base(source: _Source, resource: str) -> bool:
    try:
        return source.base(resource) is not None
    except (ConfigurationError, InvalidRequest):  # not set up there; its own launches say so
        return False
