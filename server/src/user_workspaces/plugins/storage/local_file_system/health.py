"""Health check of the root directory. Messages are public, so they name no path."""

import os
import stat
from pathlib import Path

from user_workspaces.interfaces.values import Health
from user_workspaces.plugins.storage.local_file_system.thread_credentials import serves_as_root


def examine(root: Path) -> Health:
    """Check that the root exists, is writable, has free space, and can be traversed by users; never raises."""
    try:
        problem = _problem(root)
    except OSError as error:
        problem = f"The storage's root directory cannot be used: {error.strerror}."
    return Health(connected=not problem, message=problem)


def _problem(root: Path) -> str:
    disk = os.statvfs(root)
    if disk.f_flag & os.ST_RDONLY:
        return "The storage's root directory is not writable: its file system is read-only."
    if not os.access(root, os.W_OK | os.X_OK, effective_ids=os.access in os.supports_effective_ids):
        return "The storage's root directory is not writable for the server."
    # f_files is 0 on file systems without a fixed number of inodes, such as Btrfs.
    if not disk.f_bavail or (disk.f_files and not disk.f_favail):
        return "The storage's disk is full."
    return _closed_directory(root) if serves_as_root() else ""


def _closed_directory(root: Path) -> str:
    resolved = root.resolve()
    for above, directory in enumerate([resolved, *resolved.parents]):
        if not directory.stat().st_mode & stat.S_IXOTH:
            levels = f"{above} level{'s' if above > 1 else ''}"
            where = f"The directory {levels} above the storage's root" if above else "The storage's root"
            return f"{where} cannot be traversed by users. Open it with chmod o+x."
    return ""
