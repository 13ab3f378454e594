"""Taking a workspace back to the site's own environment: what is lost, and the loss itself."""

from dataclasses import dataclass
from datetime import datetime

from user_workspaces.environments.actions import forget
from user_workspaces.environments.packages import OVERLAYS, Extent, Package, extent_of, packages_installed, pythons_of
from user_workspaces.environments.queries import prepared_in
from user_workspaces.errors import NotFound
from user_workspaces.interfaces.environment import FOLDER
from user_workspaces.workspaces.files import find_entry, list_folder, move_entry, remove_entry
from user_workspaces.workspaces.models import Workspace

REMOVED = f"{FOLDER}/removed"


@dataclass(frozen=True, slots=True)
class Loss:
    """What a reset takes away."""

    installed: tuple[Package, ...]
    extent: Extent
    prepared_file: str
    """Whose packages are not used any more; empty: none."""

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to lose."""
        return not (self.installed or self.extent.files or self.prepared_file)


def loss_of(workspace: Workspace) -> Loss:
    """Return what a reset would take away."""
    row = prepared_in(workspace.pk)
    installed = tuple(
        package for python in pythons_of(workspace) for package in packages_installed(workspace, python=python)
    )
    return Loss(installed, extent_of(workspace), (row.layer_file or row.file) if row else "")


def reset(*, workspace: Workspace, now: datetime) -> None:
    """Remove the user's own packages with the user's rights, and let launches use nothing that was prepared.

    The overlay goes to another name first: no launch finds half of it. What runs keeps what it has loaded.
    """
    forget(workspace_id=workspace.pk)
    if find_entry(workspace=workspace, path=OVERLAYS) is not None:
        new_path = f"{REMOVED}-{now:%Y%m%d%H%M%S%f}"
        move_entry(workspace=workspace, path=OVERLAYS, new_path=new_path, overwrite=False, now=now)
    for path in _removed(workspace):  # also what a reset left that was killed
        remove_entry(workspace=workspace, path=path, now=now)


def _removed(workspace: Workspace) -> list[str]:
    try:
        found = list_folder(workspace=workspace, path=FOLDER, limit=1000).entries
    except NotFound:
        return []
    return [entry.path for entry in found if entry.path.startswith(f"{REMOVED}-")]
