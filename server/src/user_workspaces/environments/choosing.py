"""Which environment a job gets."""

from pathlib import Path

from user_workspaces import registry
from user_workspaces.errors import ConfigurationError, InvalidRequest
from user_workspaces.interfaces.environment import FOLDER, Base, WorkspaceEnvironment

BASE = "base"
"""The overlay on the site's base."""


def environment_for(*, job_type: str, resource: str, workspace: Path | None) -> WorkspaceEnvironment | None:
    """Return the environment of a workspace for a job; None where the site has no base on this resource.

    `workspace`: its folder as the job sees it; None: there is no workspace, and nothing can be installed.
    """
    base = base_on(resource, preferred=job_type)
    if base is None:
        return None
    return WorkspaceEnvironment(base, workspace / FOLDER / BASE if workspace else None)


def base_on(resource: str, *, preferred: str) -> Base | None:
    """Return the base of the preferred job type on a resource, else of the first one that brings a base there."""
    job_types = registry.current().job_types
    names = dict.fromkeys([preferred, *(name for name, _ in job_types.items())])
    for name in names:
        if name in job_types:
            try:
                found = job_types.get(name).base(resource)
            except (ConfigurationError, InvalidRequest):  # not set up there, and its own launches say so
                continue
            if found is not None:
                return found
    return None
