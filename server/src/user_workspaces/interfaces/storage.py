"""What a plug-in must offer so that workspaces can live on it."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from user_workspaces.interfaces.plugin import Plugin
from user_workspaces.interfaces.values import Entry, Place


class Storage(Plugin):
    """Keeps the files of workspaces. Paths are relative to the workspace; one that escapes raises `UnsafePath`.

    Every operation runs with the rights of `place.account` and never through a symbolic link.
    """

    @abstractmethod
    def create(self, place: Place) -> None:
        """Make the empty directory of a workspace, the person's alone; twice is safe."""

    @abstractmethod
    def delete(self, place: Place) -> None:
        """Remove the workspace and all that is in it, following no link; no-op when it is gone."""

    @abstractmethod
    def copy(self, source: Place, target: Place, *, progress: Callable[[int], None]) -> None:
        """Copy a workspace into a new one, owned by `target.account`.

        Dot files are left out; links are made again where the target may have them. `progress` is told the
        bytes copied so far.
        """

    @abstractmethod
    def write(self, place: Place, path: str, chunks: Iterable[bytes]) -> int:
        """Write a file whole or not at all, with its parent directories; return its size in bytes."""

    @abstractmethod
    def open(self, place: Place, path: str) -> BinaryIO:
        """Open a regular file for reading; raises `PathNotFound`."""

    @abstractmethod
    def link(self, place: Place, path: str, target: str) -> None:
        """Make or replace a symbolic link to an absolute path below a dataset root.

        Raises `PathNotFound` for a target that is not there or not below a root, without telling which.
        """

    @abstractmethod
    def remove(self, place: Place, path: str) -> None:
        """Remove a file, link or directory tree; no-op when it is gone."""

    @abstractmethod
    def tree(self, place: Place) -> Iterator[Entry]:
        """Walk the whole workspace, parents first, names sorted; dot files and dot directories included."""

    @abstractmethod
    def disk_usage(self, place: Place) -> int:
        """Return the bytes that the workspace takes (allocated blocks, hard links once, links not followed)."""

    @abstractmethod
    def locate(self, place: Place) -> Path:
        """Return the absolute path of the workspace, for jobs to work in."""
