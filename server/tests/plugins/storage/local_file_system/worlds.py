"""Shared by the tests of this storage: directories and accounts."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from user_workspaces.interfaces.values import SystemAccount
from user_workspaces.plugins.storage.local_file_system import LocalFileSystemStorage

IS_ROOT = os.getuid() == 0
MakeStorage = Callable[..., LocalFileSystemStorage]


@dataclass(frozen=True)
class World:
    """A directory that all accounts can traverse, with the folders of a test."""

    base: Path
    root: Path
    datasets: Path
    dataset: Path
    outside: Path


def account(name: str, uid: int) -> SystemAccount:
    uid, gid = (uid, uid) if IS_ROOT else (os.getuid(), os.getgid())
    return SystemAccount(name=name, uid=uid, gid=gid, home=Path("/nonexistent"))


def own(path: Path, user: SystemAccount) -> Path:
    """Give files that a test made with the server's rights to a user, if the server is root."""
    if IS_ROOT:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)
    return path


def open_handles() -> int:
    """Return how many files this process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


def state_of(directory: Path) -> list[tuple[str, int, int, int, int, bytes]]:
    """Return all that an attack could have changed in a directory: names, owners, modes, sizes, content."""
    return [
        (str(path), status.st_uid, status.st_gid, status.st_mode, status.st_nlink, _content(path))
        for path in sorted([directory, *directory.rglob("*")])
        if (status := path.lstat())
    ]


def _content(path: Path) -> bytes:
    return path.read_bytes() if path.is_file() and not path.is_symlink() else b""
