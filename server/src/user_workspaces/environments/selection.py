"""Selects the environment of a job."""

from pathlib import Path

from user_workspaces import registry
from user_workspaces.environments.bases import base_on
from user_workspaces.environments.queries import layers_for
from user_workspaces.errors import InvalidRequest
from user_workspaces.interfaces.environment import BASE, FOLDER, WorkspaceEnvironment
from user_workspaces.interfaces.values import Preparation, PreparationState


def environments_on(resource: str) -> dict[str, str]:
    """Return the names of the environments that a launch on a resource can select, by ID."""
    found = registry.current().environments.items()
    return {name: registry.site().environments[name] for name, one in found if one.is_on(resource)}


def check_choice(name: object, *, resource: str) -> None:
    """Raise `InvalidRequest` for an environment that a resource does not offer; empty selects the default."""
    if name in ("", None):
        return
    if not isinstance(name, str) or name not in environments_on(resource):
        raise InvalidRequest(f"{name} is not in the list of available environments.")


def environment_for(
    *, job_type: str, resource: str, workspace: Path | None, workspace_id: int | None = None, name: str = ""
) -> WorkspaceEnvironment | None:
    """Return the environment of a workspace for a job; None if the server has no base on this resource.

    `workspace`: its folder as the job sees it; without one, nothing can be installed. `workspace_id`: the workspace
    whose prepared packages the job gets; None: no prepared packages.
    """
    found = base_on(resource, preferred=job_type, environment=name)
    if found is None:
        return None
    layers = () if workspace_id is None else layers_for(workspace_id=workspace_id, base=found.base)
    return WorkspaceEnvironment(found.base, workspace / FOLDER / (name or BASE) if workspace else None, layers)


def prepare(*, job_type: str, resource: str, name: str = "") -> Preparation:
    """Return the state of an environment's base, and start its build if necessary."""
    found = base_on(resource, preferred=job_type, environment=name)
    return found.prepare(resource) if found else Preparation(PreparationState.READY)
