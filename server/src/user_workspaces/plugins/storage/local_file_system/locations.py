"""Opens the directories of workspaces: the root belongs to the server, all below a user's directory to the user."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from user_workspaces.errors import StorageError, UnsafePath
from user_workspaces.interfaces.values import SystemAccount, WorkspaceLocation
from user_workspaces.plugins.storage.local_file_system.os_errors import explained, shown
from user_workspaces.plugins.storage.local_file_system.paths import READABLE, closing, is_empty, open_below, parse_path
from user_workspaces.plugins.storage.local_file_system.thread_credentials import Rights, rights_of, serves_as_root

WORKSPACE = "The workspace"


@dataclass(frozen=True, slots=True)
class Directory:
    """An open directory of a user, and the rights to work in it."""

    handle: int
    rights: Rights

    @contextmanager
    def acting(self, path: str = WORKSPACE, wish: str = "") -> Iterator[None]:
        """Run a block with the user's rights; an `OSError` becomes a `StorageError` that names `path`.

        `wish`: see `explained`.
        """
        with explained(path, wish), self.rights.assumed():
            yield

    @contextmanager
    def opened(self, names: Sequence[str], path: str, *, make: bool = False) -> Iterator[int]:
        """Open the directory `names` below this one for a block; the block runs with the server's rights."""
        with self.acting(path):
            handle = open_below(self.handle, names, make=make)
        with closing(handle):
            yield handle


class Locations:
    """Finds, creates and opens workspaces below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def make_root(self) -> None:
        """Create the root with mode 0711, so that users can traverse but not list it; idempotent. Raises `OSError`."""
        if not self.root.is_dir():
            self.root.mkdir(parents=True, exist_ok=True)
            # Separately, since the umask limits the mode of mkdir(2). An existing root keeps its operator's mode.
            self.root.chmod(0o711)

    def create(self, location: WorkspaceLocation) -> None:
        """Create a workspace and its parent directories; see `Storage.create`."""
        user, *names = _names(location)
        rights_of(location.account)  # raises for a system account before anything is created
        with explained(WORKSPACE):
            self.make_root()
            self._make_home(user, location.account)
        with self._home(location) as home, home.opened(names[:-1], WORKSPACE, make=True) as parent, home.acting():
            # mkdir(2) relative to the handle, with the user's rights: a planted link cannot redirect it.
            with suppress(FileExistsError):
                os.mkdir(names[-1], 0o700, dir_fd=parent)
            # Raises an error for a link or a file at this name, which the suppressed error does not tell apart.
            os.close(open_below(parent, names[-1:]))

    @contextmanager
    def enter(self, location: WorkspaceLocation) -> Iterator[Directory]:
        """Open a workspace for a block; raises `PathNotFound` if it does not exist."""
        names = _names(location)[1:]
        with self._home(location) as home, home.opened(names, WORKSPACE) as handle:
            yield Directory(handle, home.rights)

    @contextmanager
    def enter_parent(self, location: WorkspaceLocation) -> Iterator[tuple[Directory, str]]:
        """Open the parent directory of a workspace for a block; yields it and the workspace's name in it."""
        *names, name = _names(location)[1:]
        with self._home(location) as home, home.opened(names, WORKSPACE) as handle:
            yield Directory(handle, home.rights), name

    def locate(self, location: WorkspaceLocation) -> Path:
        """Return the path of a workspace."""
        return self.root.joinpath(*_names(location))

    def _make_home(self, user: str, account: SystemAccount) -> None:
        with closing(os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)) as root:
            with suppress(FileExistsError):
                os.mkdir(user, 0o700, dir_fd=root)
            if serves_as_root():
                _give(root, user, account)

    @contextmanager
    def _home(self, location: WorkspaceLocation) -> Iterator[Directory]:
        rights = rights_of(location.account)
        with explained(WORKSPACE), closing(os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)) as root:
            # With the server's rights: only the server can write to the root, so no link can be planted there.
            handle = open_below(root, _names(location)[:1])
        with closing(handle):
            _require_owner(handle, location.account)
            yield Directory(handle, rights)


def _names(location: WorkspaceLocation) -> list[str]:
    names = parse_path(location.directory)
    if len(names) == 1:
        raise UnsafePath(f"{shown(location.directory)}: A workspace must be in the directory of its user.")
    return names


def _give(root: int, user: str, account: SystemAccount) -> None:
    """Give a directory that the server has just created to an account.

    Only an empty directory of the server, through its handle: one with content or another owner is not changed.
    """
    with closing(os.open(user, READABLE, dir_fd=root)) as home:
        if os.fstat(home).st_uid == os.geteuid() and is_empty(home):
            os.fchown(home, account.uid, account.gid)


def _require_owner(home: int, account: SystemAccount) -> None:
    # The account's name may have belonged to another uid when the directory was created.
    if serves_as_root() and os.fstat(home).st_uid != account.uid:
        raise StorageError(f"{WORKSPACE}: Its directory does not belong to the account {account.name}.")
