"""Whether the root of all workspaces can be used. Tells no path: everybody may read the answer."""

import os
import stat
from pathlib import Path

from user_workspaces.interfaces.values import Health
from user_workspaces.plugins.storage.local_file_system.thread_credentials import serves_as_root


def examine(root: Path) -> Health:
    """Say whether the root is there, has room, can be written, and can be passed through; never raises."""
    try:
        problem = _problem(root)
    except OSError as error:
        problem = f"The root directory of the storage cannot be used: {error.strerror}."
    return Health(connected=not problem, message=problem)


def _problem(root: Path) -> str:
    reservation = os.statvfs(root)
    if reservation.f_flag & os.ST_RDONLY:
        return "The root directory of the storage cannot be written: its file system is read-only."
    if not os.access(root, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        return "The root directory of the storage cannot be written by the server."
    if not reservation.f_bavail or (reservation.f_files and not reservation.f_favail):
        return "The disk of the storage is full."
    return _closed_directory(root) if serves_as_root() else ""


def _closed_directory(root: Path) -> str:
    resolved = root.resolve()
    for above, directory in enumerate([resolved, *resolved.parents]):
        if not directory.stat().st_mode & stat.S_IXOTH:
            where = f"The directory {above} above the root of the storage" if above else "The root of the storage"
            return f"{where} is closed to people: open it with chmod o+x."
    return ""
