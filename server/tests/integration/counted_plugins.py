"""A resource and a storage that record each operation before executing it.

They are made known to the processes of a test as a site's own plug-ins are: by entry points, see `install`.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from user_workspaces.interfaces.values import JobSpec, WorkspaceLocation
from user_workspaces.plugins.resource.local import LocalResource
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage

JOURNAL = "journal"
ENTRY_POINTS = """\
[user_workspaces.resource]
CountedResource = counted_plugins:CountedResource
[user_workspaces.storage]
CountedStorage = counted_plugins:CountedStorage
"""


def _note(folder: Path, what: str, which: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    journal = os.open(folder / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(journal, f"{what} {which} {os.getpid()}\n".encode())
    finally:
        os.close(journal)


class CountedResource(LocalResource):
    """Notes each submission."""

    def submit(self, spec: JobSpec) -> int:
        """See `Resource.submit`."""
        _note(self.context.data_dir, "submit", spec.job_id)
        return super().submit(spec)


class CountedStorage(LocalFileSystemStorage):
    """Notes each copy."""

    def copy(self, source: WorkspaceLocation, target: WorkspaceLocation, *, progress: Callable[[int], None]) -> None:
        """See `Storage.copy`."""
        _note(self.context.data_dir, "copy", target.directory.rpartition("/")[2])
        super().copy(source, target, progress=progress)


def install(folder: Path) -> None:
    """Install them with their distribution metadata into a folder for `PYTHONPATH`."""
    shutil.copy(__file__, folder / "counted_plugins.py")
    description = folder / "counted_plugins-1.0.dist-info"
    description.mkdir(parents=True)
    (description / "METADATA").write_text("Metadata-Version: 2.1\nName: counted-plugins\nVersion: 1.0\n")
    (description / "entry_points.txt").write_text(ENTRY_POINTS)


def journal_of(data_dir: Path, kind: str) -> dict[int, list[int]]:
    """Return, for each ID of a job or copy, the PIDs of the processes that executed it, in order."""
    path, found = data_dir / kind / "local" / JOURNAL, dict[int, list[int]]()
    for line in path.read_text().splitlines() if path.exists() else []:
        _, number, pid = line.split()
        found.setdefault(int(number), []).append(int(pid))
    return found
