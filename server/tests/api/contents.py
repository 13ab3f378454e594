"""Helpers for the content of workspaces."""

from user_workspaces.workspaces.models import Workspace
from user_workspaces.workspaces.queries import home_of


def write(workspace: Workspace, path: str, content: bytes = b"1") -> None:
    home = home_of(workspace)
    home.storage.write(home.location, path, [content])


def paths_in(workspace: Workspace) -> list[str]:
    home = home_of(workspace)
    return [entry.path for entry in home.storage.tree(home.location)]


def changes_of(workspace: Workspace) -> int:
    workspace.refresh_from_db()
    assert workspace.next_check_at is not None
    return workspace.changes


def plant_link(workspace: Workspace, name: str, target: str) -> None:
    """Create a symbolic link as a session of the user could."""
    home = home_of(workspace)
    (home.storage.locate(home.location) / name).symlink_to(target)
