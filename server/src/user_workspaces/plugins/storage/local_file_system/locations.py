"""Where workspaces lie below the root, and the way in: the root is the server's, all below is the person's."""

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
    """An open directory of a person, and the rights that go with it."""

    handle: int
    rights: Rights

    @contextmanager
    def acting(self, path: str = WORKSPACE, wish: str = "") -> Iterator[None]:
        """Run a block as the person; what the system refuses becomes a `StorageError` that names `path`.

        `wish`: see `explained`.
        """
        with explained(path, wish), self.rights.assumed():
            yield

    @contextmanager
    def opened(self, names: Sequence[str], path: str, *, make: bool = False) -> Iterator[int]:
        """Open the directory `names` below this one for a block, which itself runs with the server's rights."""
        with self.acting(path):
            handle = open_below(self.handle, names, make=make)
        with closing(handle):
            yield handle


class Locations:
    """Finds workspaces below one root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def make_root(self) -> None:
        """Make the root, which all may pass through and nobody may list; twice is safe. Raises `OSError`."""
        if not self.root.is_dir():
            self.root.mkdir(parents=True, exist_ok=True)
            self.root.chmod(0o711)

    def create(self, location: WorkspaceLocation) -> None:
        """Make a workspace and what is above it; see `Storage.create`."""
        user, *names = _names(location)
        rights_of(location.account)  # refuses an account of the system before anything is made for it
        with explained(WORKSPACE):
            self.make_root()
            self._make_home(user, location.account)
        with self._home(location) as home, home.opened(names[:-1], WORKSPACE, make=True) as parent, home.acting():
            with suppress(FileExistsError):
                os.mkdir(names[-1], 0o700, dir_fd=parent)
            os.close(open_below(parent, names[-1:]))

    @contextmanager
    def enter(self, location: WorkspaceLocation) -> Iterator[Directory]:
        """Open a workspace for a block; raises `PathNotFound` where it is not there."""
        names = _names(location)[1:]
        with self._home(location) as home, home.opened(names, WORKSPACE) as handle:
            yield Directory(handle, home.rights)

    @contextmanager
    def enter_parent(self, location: WorkspaceLocation) -> Iterator[tuple[Directory, str]]:
        """Open the directory that a workspace lies in for a block, and tell the workspace's name there."""
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
            # With the server's rights: in the root nobody else can put a link in the way.
            handle = open_below(root, _names(location)[:1])
        with closing(handle):
            _require_owner(handle, location.account)
            yield Directory(handle, rights)


def _names(location: WorkspaceLocation) -> list[str]:
    names = parse_path(location.directory)
    if len(names) == 1:
        raise UnsafePath(f"{shown(location.directory)}: A workspace lies in the directory of its person.")
    return names


def _give(root: int, user: str, account: SystemAccount) -> None:
    """Make the account the owner of a directory that the server has made and not given away yet.

    Only of an empty one, through its handle: what has anything in it, or is somebody's, stays as it is.
    """
    with closing(os.open(user, READABLE, dir_fd=root)) as home:
        if os.fstat(home).st_uid == os.geteuid() and is_empty(home):
            os.fchown(home, account.uid, account.gid)


def _require_owner(home: int, account: SystemAccount) -> None:
    if serves_as_root() and os.fstat(home).st_uid != account.uid:
        raise StorageError(f"{WORKSPACE}: Its directory belongs to another account than {account.name}.")
