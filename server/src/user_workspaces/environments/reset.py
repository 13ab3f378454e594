"""Resets a workspace to the server's own environment."""

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
    """The packages and folders that a reset removes."""

    installed: tuple[str, ...]
    """The names of packages."""
    extent: Extent
    prepared_file: str
    """The specification whose prepared packages are no longer used; empty if none."""
    folders: tuple[str, ...]
    """Other folders: `R`, `conda`, and the IDs of named environments."""

    @property
    def is_nothing(self) -> bool:
        """True if a reset removes nothing."""
        return not (self.installed or self.extent.files or self.prepared_file or self.folders)


def summarize_reset(workspace: Workspace) -> ResetSummary:
    """Return what a reset would remove."""
    row = prepared_in(workspace.pk)
    installed = tuple(name for python in pythons_of(workspace) for name in names_installed(workspace, python=python))
    folders = {OF_CONDA if name.startswith(OF_CONDA) else name for name in _made(workspace)} - {BASE}
    return ResetSummary(
        installed, extent_of(workspace), (row.layer_file or row.file) if row else "", tuple(sorted(folders))
    )


def reset(*, workspace: Workspace, now: datetime) -> None:
    """Remove the user's own packages, with the user's rights, and the prepared environment.

    The overlay is renamed first, so that no launch finds a part of it. Running processes keep what they have loaded.
    Simultaneous resets remove the same folders.
    """
    made = _made(workspace)
    forget(workspace_id=workspace.pk)
    for name in made:
        new_path = f"{FOLDER}/{REMOVED}{name}-{now:%Y%m%d%H%M%S%f}"
        with suppress(NotFound):
            move_entry(workspace=workspace, path=f"{FOLDER}/{name}", new_path=new_path, overwrite=False, now=now)
    for name in _names(workspace):
        if name.startswith(REMOVED):  # including leftovers of a killed reset
            with suppress(NotFound):
                remove_entry(workspace=workspace, path=f"{FOLDER}/{name}", now=now)


def _made(workspace: Workspace) -> list[str]:
    """Return the names of folders that jobs have created; the link to conda's environment sorts before its target."""
    return sorted(name for name in _names(workspace) if name != BUILD_LOCK and not name.startswith(REMOVED))


def _names(workspace: Workspace) -> list[str]:
    try:
        found = list_folder(workspace=workspace, path=FOLDER, limit=MOST_NAMES).entries
    except NotFound:
        return []
    return [entry.path.rpartition("/")[2] for entry in found]
