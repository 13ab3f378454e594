"""Reads storages for the contract suites."""

from user_workspaces.interfaces.storage import Storage
from user_workspaces.interfaces.values import EntryKind, WorkspaceLocation


def read(storage: Storage, location: WorkspaceLocation, path: str) -> bytes:
    """Return the content of a file."""
    with storage.open(location, path) as file:
        return file.read()


def listing(storage: Storage, location: WorkspaceLocation) -> list[tuple[str, EntryKind]]:
    """Return paths and kinds of all entries of a workspace, in the order of `Storage.tree`."""
    return [(entry.path, entry.kind) for entry in storage.tree(location)]
