"""Prune a run's workspace: remove all files that are neither inputs nor outputs."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from user_workspaces.errors import Conflict, NotFound
from user_workspaces.interfaces.values import Entry, EntryKind
from user_workspaces.interfaces.workflow_specification import FilesAndDirectories
from user_workspaces.workflows.environment_record import LOCK_FILE
from user_workspaces.workflows.lifecycle.plan import specification_of
from user_workspaces.workflows.models import Run
from user_workspaces.workflows.queries import runs_in
from user_workspaces.workflows.status import GOING
from user_workspaces.workspaces.files import list_folder, remove_entry, walk_folder
from user_workspaces.workspaces.models import Workspace

SPECIFICATION_FILES = ("reana.yaml", "reana.yml")


def prune(*, run: Run, workspace: Workspace, include_inputs: bool, include_outputs: bool, now: datetime) -> int:
    """Remove the files that are not kept, and folders that become empty; return the number of files.

    Raises `Conflict` while a run uses the workspace.
    """
    if runs_in(workspace_id=workspace.pk).filter(status__in=GOING).exists():
        raise Conflict(f"Workflow {run.full_name} is {run.status}. Its workspace cannot be pruned now.")
    kept = KeptPaths.of(run, include_inputs=include_inputs, include_outputs=include_outputs)
    entries = list(walk_folder(workspace=workspace, path=""))
    to_remove = [one for one in entries if one.kind is not EntryKind.DIRECTORY and not kept.has(one.path)]
    for entry in to_remove:
        remove(workspace, entry, now=now)
    for entry in reversed(entries):  # inner folders first
        if entry.kind is EntryKind.DIRECTORY and not kept.has(entry.path):
            remove_if_empty(workspace, entry, now=now)
    return len(to_remove)


@dataclass(frozen=True, slots=True)
class KeptPaths:
    """The paths to keep. Looked up in sets: there may be a million files, and thousands of names here."""

    files: frozenset[str]
    directories: frozenset[str]
    """Kept with all files below them; the empty name is the whole workspace."""
    locks: bool
    """True if the lock files of environments are kept; they describe how the outputs were made."""

    @classmethod
    def of(cls, run: Run, *, include_inputs: bool, include_outputs: bool) -> Self:
        """Return the paths that a run's specification names."""
        specification = specification_of(run)
        parts = [] if include_inputs else [specification.inputs, FilesAndDirectories(files=SPECIFICATION_FILES)]
        parts += [] if include_outputs else [specification.outputs]
        return cls(
            files=frozenset(_plain(path) for part in parts for path in part.files),
            directories=frozenset(_plain(path) for part in parts for path in part.directories),
            locks=not include_outputs,
        )

    def has(self, path: str) -> bool:
        """Return whether a path is kept."""
        if path in self.files or path in self.directories or "" in self.directories:
            return True
        if self.locks and LOCK_FILE.fullmatch(path):
            return True
        above = path.rpartition("/")[0]
        while above:
            if above in self.directories:
                return True
            above = above.rpartition("/")[0]
        return False


def _plain(path: str) -> str:
    return "/".join(part for part in path.split("/") if part not in {"", "."})


def remove(workspace: Workspace, entry: Entry, *, now: datetime) -> None:
    """Remove a file, if it exists."""
    try:
        remove_entry(workspace=workspace, path=entry.path, now=now)
    except NotFound:
        return


def remove_if_empty(workspace: Workspace, entry: Entry, *, now: datetime) -> None:
    """Remove a folder if it is empty."""
    try:
        if not list_folder(workspace=workspace, path=entry.path, limit=1).total:
            remove_entry(workspace=workspace, path=entry.path, now=now)
    except NotFound:
        return
