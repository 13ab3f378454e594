"""Summary of a deletion: names, the content of folders, and links whose targets are kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from user_workspaces.interfaces.values import EntryKind
from user_workspaces.portal.files.rows import SPECIAL
from user_workspaces.workspaces.files import find_entry, is_folder, walk_folder
from user_workspaces.workspaces.models import Workspace

MOST_COUNTED = 20_000
"""Entries in all folders together; more would delay the dialog without telling the user more."""


@dataclass(frozen=True, slots=True)
class DeletedEntry:
    """One entry; `files` and `size` (bytes) describe the content of a folder, or the file itself."""

    name: str
    kind: EntryKind
    files: int
    size: int
    special: str
    is_more: bool
    """True if not all files were counted."""


def summarize_deletion(workspace: Workspace, paths: Iterable[str]) -> list[DeletedEntry]:
    """Summarize what would be deleted, without missing files."""
    found, left = list[DeletedEntry](), MOST_COUNTED
    for path in paths:
        entry = find_entry(workspace=workspace, path=path)
        if entry is None:
            continue
        files, size, seen = 1, entry.size, 0
        if is_folder(entry):
            files = size = 0
            # One entry beyond the limit shows that there are more.
            for inner in islice(walk_folder(workspace=workspace, path=path), left + 1):
                seen += 1
                files += not is_folder(inner)
                size += inner.size
            left = max(0, left - seen)
        is_more = is_folder(entry) and not left
        name, special = entry.path.rpartition("/")[2], SPECIAL.get(entry.kind, "")
        found.append(DeletedEntry(name, entry.kind, files, size, special=special, is_more=is_more))
    return found
