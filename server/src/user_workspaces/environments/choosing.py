"""Which environment a job gets."""

from pathlib import Path

from user_workspaces.environments.bases import base_on
from user_workspaces.environments.queries import layers_for
from user_workspaces.interfaces.environment import FOLDER, WorkspaceEnvironment

BASE = "base"
"""The overlay on the site's base."""


def environment_for(
    *, job_type: str, resource: str, workspace: Path | None, workspace_id: int | None = None
) -> WorkspaceEnvironment | None:
    """Return the environment of a workspace for a job; None where the site has no base on this resource.

    `workspace`: its folder as the job sees it; None: there is no workspace, and nothing can be installed.
    `workspace_id`: whose prepared packages the job gets; None: it gets none.
    """
    base = base_on(resource, preferred=job_type)
    if base is None:
        return None
    layers = () if workspace_id is None else layers_for(workspace_id=workspace_id, base=base)
    return WorkspaceEnvironment(base, workspace / FOLDER / BASE if workspace else None, layers)
