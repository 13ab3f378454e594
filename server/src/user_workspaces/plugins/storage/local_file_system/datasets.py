"""The allowed targets of links: existing entries below a dataset root, resolved with the user's rights."""

import os
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from pathlib import Path

from user_workspaces.interfaces.file_names import escape_bytes, escape_controls
from user_workspaces.interfaces.storage import Dataset
from user_workspaces.plugins.storage.local_file_system.paths import closing

MOST_READ = 10_000
"""Most entries of one directory that are read."""


class Datasets:
    """The dataset roots. All methods use the rights of the calling thread, which has the user's credentials.

    So they reveal nothing that the user cannot access.
    """

    def __init__(self, roots: Sequence[Path]) -> None:
        self._roots = roots

    def __bool__(self) -> bool:
        return bool(self._roots)

    def resolve(self, target: str) -> str | None:
        """Return the resolved target; None if it is missing or not below a root."""
        if not target.startswith("/"):
            return None
        try:
            # The kernel resolves the path: one atomic result, and its limit against loops of links.
            with closing(os.open(target, os.O_PATH)) as handle:
                return self._below(handle)
        except (OSError, ValueError):
            return None

    def list(self, path: str, *, limit: int) -> tuple[Dataset, ...] | None:
        """Return the entries of a directory, or the roots; None if it is missing or not below a root."""
        if not path:
            roots = (Dataset(str(root), is_directory=True) for root in self._roots if self.resolve(str(root)))
            return tuple(islice(roots, limit))
        # Checked before open(2): a folder outside may be on a FUSE file system of the user that never responds.
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
        # The kernel's path of the open entry itself: links that are exchanged after the open cannot change it.
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
