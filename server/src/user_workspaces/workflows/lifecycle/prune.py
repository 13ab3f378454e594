"""Removing from a run's workspace what its specification names neither as input nor as output."""

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
    """Remove the files that are not kept, and folders that are empty then; return how many files there were.

    Raises `Conflict` while a run works there.
    """
    if runs_in(workspace_id=workspace.pk).filter(status__in=GOING).exists():
        raise Conflict(f"Workflow {run.full_name} is {run.status}. Its workspace cannot be pruned now.")
    kept = Kept.of(run, include_inputs=include_inputs, include_outputs=include_outputs)
    entries = list(walk_folder(workspace=workspace, path=""))
    doomed = [one for one in entries if one.kind is not EntryKind.DIRECTORY and not kept.has(one.path)]
    for entry in doomed:
        remove(workspace, entry, now=now)
    for entry in reversed(entries):
        if entry.kind is EntryKind.DIRECTORY and not kept.has(entry.path):
            remove_if_empty(workspace, entry, now=now)
    return len(doomed)


@dataclass(frozen=True, slots=True)
class Kept:
    """What stays. There may be a million files, and thousands of names here: nothing is gone through for each."""

    files: frozenset[str]
    directories: frozenset[str]
    """With all that is below them; the empty name is the whole workspace."""
    locks: bool
    """Whether the locks of the environments stay, as the outputs that were made in them."""

    @classmethod
    def of(cls, run: Run, *, include_inputs: bool, include_outputs: bool) -> Self:
        """Read it from the specification."""
        specification = specification_of(run)
        parts = [] if include_inputs else [specification.inputs, FilesAndDirectories(files=SPECIFICATION_FILES)]
        parts += [] if include_outputs else [specification.outputs]
        return cls(
            files=frozenset(_plain(path) for part in parts for path in part.files),
            directories=frozenset(_plain(path) for part in parts for path in part.directories),
            locks=not include_outputs,
        )

    def has(self, path: str) -> bool:
        """Return whether a path stays."""
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
    """Remove a file; no-op where it is gone."""
    try:
        remove_entry(workspace=workspace, path=entry.path, now=now)
    except NotFound:
        return  # gone in this moment


def remove_if_empty(workspace: Workspace, entry: Entry, *, now: datetime) -> None:
    """Remove a folder that has nothing in it."""
    try:
        if not list_folder(workspace=workspace, path=entry.path, limit=1).total:
            remove_entry(workspace=workspace, path=entry.path, now=now)
    except NotFound:
        return
