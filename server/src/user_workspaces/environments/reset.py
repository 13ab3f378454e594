"""Taking a workspace back to the site's own environment: what is lost, and the loss itself."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from user_workspaces.environments.actions import forget
from user_workspaces.environments.packages import Extent, extent_of, names_installed, pythons_of
from user_workspaces.environments.queries import prepared_in
from user_workspaces.errors import NotFound
from user_workspaces.interfaces.environment import BASE, BUILD_LOCK, FOLDER, OF_CONDA, REMOVED
from user_workspaces.workspaces.files import list_folder, move_entry, remove_entry
from user_workspaces.workspaces.models import Workspace

MOST_NAMES = 1_000


@dataclass(frozen=True, slots=True)
class ResetSummary:
    """What a reset takes away."""

    installed: tuple[str, ...]
    """The names of packages."""
    extent: Extent
    prepared_file: str
    """Whose packages are not used any more; empty: none."""
    folders: tuple[str, ...]
    """What else was made in the workspace: `R`, `conda`, and the ids of named environments."""

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to lose."""
        return not (self.installed or self.extent.files or self.prepared_file or self.folders)


def summarize_reset(workspace: Workspace) -> ResetSummary:
    """Return what a reset would take away."""
    row = prepared_in(workspace.pk)
    installed = tuple(name for python in pythons_of(workspace) for name in names_installed(workspace, python=python))
    folders = {OF_CONDA if name.startswith(OF_CONDA) else name for name in _made(workspace)} - {BASE}
    return ResetSummary(
        installed, extent_of(workspace), (row.layer_file or row.file) if row else "", tuple(sorted(folders))
    )


def reset(*, workspace: Workspace, now: datetime) -> None:
    """Remove the user's own packages with the user's rights, and let launches use nothing that was prepared.

    The overlay goes to another name first: no launch finds half of it. What runs keeps what it has loaded. Two resets
    at once remove the same.
    """
    made = _made(workspace)
    forget(workspace_id=workspace.pk)
    for name in made:
        new_path = f"{FOLDER}/{REMOVED}{name}-{now:%Y%m%d%H%M%S%f}"
        with suppress(NotFound):
            move_entry(workspace=workspace, path=f"{FOLDER}/{name}", new_path=new_path, overwrite=False, now=now)
    for name in _names(workspace):
        if name.startswith(REMOVED):  # also what a reset left that was killed
            with suppress(NotFound):
                remove_entry(workspace=workspace, path=f"{FOLDER}/{name}", now=now)


def _made(workspace: Workspace) -> list[str]:
    """Return the names of what jobs have made; the link to the environment of conda comes before what it leads to."""
    return sorted(name for name in _names(workspace) if name != BUILD_LOCK and not name.startswith(REMOVED))


def _names(workspace: Workspace) -> list[str]:
    try:
        found = list_folder(workspace=workspace, path=FOLDER, limit=MOST_NAMES).entries
    except NotFound:
        return []
    return [entry.path.rpartition("/")[2] for entry in found]
