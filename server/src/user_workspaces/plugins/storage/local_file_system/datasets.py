"""Which targets links may have: what exists below a dataset root, seen with the person's rights."""

import os
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from user_workspaces.interfaces.file_names import escape_bytes, escape_controls
from user_workspaces.interfaces.storage import Dataset
from user_workspaces.plugins.storage.local_file_system.paths import closing

MOST_READ = 10_000
"""Entries of one directory that are looked at."""


class Datasets:
    """The directories below which the targets of links may lie. All of it looks with the rights of the calling thread.

    So nothing is told of what the person cannot see.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = roots

    def __bool__(self) -> bool:
        return bool(self._roots)

    def resolve(self, target: str) -> str | None:
        """Return the target without any link in it; None where it is not there or not below a root."""
        if not target.startswith("/"):
            return None
        try:
            # The kernel walks the path: one moment, one answer, and no end to links that lead to links.
            with closing(os.open(target, os.O_PATH)) as handle:
                return self._below(handle)
        except (OSError, ValueError):
            return None

    def list(self, path: str, *, limit: int) -> tuple[Dataset, ...] | None:
        """Return what is directly in a directory, or the roots; None where it is not there or not below a root."""
        if not path:
            roots = (Dataset(str(root), is_directory=True) for root in self._roots if self.resolve(str(root)))
            return tuple(islice(roots, limit))
        # Before anything is opened: a folder outside may be a file system of the user's own that never answers
        if not path.startswith("/") or not any(Path(os.path.normpath(path)).is_relative_to(one) for one in self._roots):
            return None
        try:
            with closing(os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NONBLOCK)) as handle:
                if self._below(handle) is None:
                    return None
                return tuple(_listed(handle, path.rstrip("/"), limit))
        except (OSError, ValueError):
            return None

    def _below(self, handle: int) -> str | None:
        found = Path(f"/proc/self/fd/{handle}").readlink()
        return str(found) if any(found.is_relative_to(os.path.realpath(root)) for root in self._roots) else None


def _listed(handle: int, above: str, limit: int) -> list[Dataset]:
    found = []
    with os.scandir(handle) as entries:
        for entry in islice(entries, MOST_READ):
            if entry.name.startswith(".") or escape_controls(escape_bytes(entry.name)) != entry.name:
                continue
            with suppress(OSError):
                found.append(Dataset(f"{above}/{entry.name}", is_directory=entry.is_dir()))
    return sorted(found, key=lambda one: (not one.is_directory, one.path))[:limit]
