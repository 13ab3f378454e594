"""What a plug-in must offer so that workspaces can live on it."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, Final

from user_workspaces.errors import PathNotFound
from user_workspaces.interfaces.plugin import Plugin
from user_workspaces.interfaces.values import Entry, Listing, SystemAccount, Upload, WorkspaceLocation

NOTHING: Final = ""
"""The version of what is not there, see `Storage.write`."""
UPLOAD_LIFETIME: Final = timedelta(days=1)
"""How long an unfinished upload waits for its next bytes."""
FINISHED_UPLOAD_LIFETIME: Final = timedelta(minutes=10)
"""How long a finished upload can be asked about: for a sender who did not hear the last answer."""


class Order(StrEnum):
    """By what a directory is sorted."""

    NAME = "name"
    SIZE = "size"
    MODIFIED = "modified"


_PIECE = 1 << 18


def _pieces(content: BinaryIO, left: int) -> Iterator[bytes]:
    while left and (piece := content.read(min(_PIECE, left))):
        left -= len(piece)
        yield piece


@dataclass(frozen=True, slots=True)
class Dataset:
    """Something that a link may lead to; `path` is absolute."""

    path: str
    is_directory: bool


class Storage(Plugin):
    """Keeps the files of workspaces. Paths are relative to the workspace; one that escapes raises `UnsafePath`.

    Every operation runs with the rights of `place.account` and never through a symbolic link. What the permissions
    of files forbid raises `AccessDenied`. A name that is not UTF-8 is told and taken as its text, see `file_names`.
    """

    @abstractmethod
    def create(self, location: WorkspaceLocation) -> None:
        """Make the empty directory of a workspace, the person's alone; twice is safe."""

    @abstractmethod
    def delete(self, location: WorkspaceLocation) -> None:
        """Remove the workspace and all that is in it, following no link; no-op when it is gone."""

    @abstractmethod
    def copy(self, source: WorkspaceLocation, target: WorkspaceLocation, *, progress: Callable[[int], None]) -> None:
        """Copy a workspace into a new one, owned by `target.account`.

        Dot files are left out; links are made again where the target may have them. `progress` is told the
        bytes copied so far.
        """

    @abstractmethod
    def write(
        self, location: WorkspaceLocation, path: str, chunks: Iterable[bytes], *, expecting: str | None = None
    ) -> int:
        """Write a file whole or not at all, with its parent directories; return its size in bytes.

        `expecting` is the `Entry.version` that shall be replaced, or `NOTHING`: raises `Conflict` where another
        one is there, before the chunks are read and once more at the end. None: replace whatever is there.
        """

    def copy_file(
        self, source: WorkspaceLocation, path: str, target: WorkspaceLocation, new_path: str, *, most: int
    ) -> int:
        """Copy a regular file, whole or not at all, as two files that know nothing of each other; return its size.

        No more than `most` bytes of it: so much is known to have room. A storage that can let both share what they
        have in common, until one of them is written to, does that. Raises as `open` and `write` do.
        """
        with self.open(source, path) as content:
            return self.write(target, new_path, _pieces(content, most))

    @abstractmethod
    def open(self, location: WorkspaceLocation, path: str) -> BinaryIO:
        """Open a regular file for reading; raises `PathNotFound`, and `Conflict` for a pipe, a socket or a device."""

    @abstractmethod
    def open_entry(self, location: WorkspaceLocation, path: str) -> tuple[Entry, BinaryIO]:
        """Open a regular file and tell what was opened, with its version: the two belong together."""

    @abstractmethod
    def link(self, location: WorkspaceLocation, path: str, target: str) -> None:
        """Make or replace a symbolic link to an absolute path below a dataset root.

        Raises `PathNotFound` for a target that is not there or not below a root, without telling which.
        """

    @property
    def has_datasets(self) -> bool:
        """Whether there is anything that links may lead to."""
        return False

    def datasets(self, account: SystemAccount, path: str = "", *, limit: int) -> tuple[Dataset, ...]:
        """List what is directly in a directory of datasets, as this account sees it; `""`: the dataset roots.

        Directories first, names sorted, dot files left out, at most `limit`. Raises `PathNotFound` for what is not
        there, is no directory or lies outside of the roots, without telling which.
        """
        raise PathNotFound(f"There are no datasets: {path}")

    @abstractmethod
    def remove(self, location: WorkspaceLocation, path: str) -> None:
        """Remove a file, link or directory tree; no-op when it is gone."""

    @abstractmethod
    def move(self, location: WorkspaceLocation, path: str, new_path: str, *, overwrite: bool = False) -> None:
        """Give an entry another path in one step; missing parent directories are made.

        Raises `PathNotFound` where there is no such entry, and `Conflict` where the new path is taken: a
        directory is never replaced, a file or link only with `overwrite`, and only by a file or link.
        """

    @abstractmethod
    def make_directory(self, location: WorkspaceLocation, path: str) -> None:
        """Make a directory and its parents; raises `Conflict` where something of this name is there."""

    @abstractmethod
    def stat(self, location: WorkspaceLocation, path: str) -> Entry:
        """Tell about one entry, following no link, with its version; raises `PathNotFound`. `""`: the workspace."""

    @abstractmethod
    def entries(
        self,
        location: WorkspaceLocation,
        path: str,
        *,
        offset: int = 0,
        limit: int | None = None,
        directories_first: bool = False,
        hidden: bool = True,
        order: Order = Order.NAME,
        descending: bool = False,
    ) -> Listing:
        """List what is directly in a directory, sorted, with versions; `""` is the workspace itself.

        The entries from `offset` on, `limit` of them; sorted by name, only those are looked at. What is equal is
        sorted by name. Without `hidden` dot files and dot directories are left out. Raises `PathNotFound` for what is
        no directory.
        """

    @abstractmethod
    def tree(self, location: WorkspaceLocation, path: str = "", *, refused: list[str] | None = None) -> Iterator[Entry]:
        """Walk all below a directory, parents first, names sorted; dot files and dot directories included.

        The paths of the entries are relative to the workspace whatever `path` is. What is in directories that may
        not be read is passed over; their paths are added to `refused`.
        """

    @abstractmethod
    def begin_upload(self, location: WorkspaceLocation, path: str, *, length: int, note: str = "") -> Upload:
        """Begin a file of `length` bytes that arrives in several requests; nothing is seen of it until it is whole.

        Raises `StorageError` where there is no room for it now, `Conflict` where a directory has its name.
        """

    @abstractmethod
    def find_upload(self, location: WorkspaceLocation, upload_id: str) -> Upload:
        """Tell how far an upload is, and finish what has all its bytes; raises `PathNotFound`."""

    @abstractmethod
    def append(self, location: WorkspaceLocation, upload_id: str, offset: int, chunks: Iterable[bytes]) -> Upload:
        """Write the next bytes; with the last one the file replaces what was in its place.

        Whatever was written stays, also when the chunks break off with an error. Raises `Conflict` where the
        upload is not at `offset`, `InUse` while another one appends, `InvalidRequest` for more than its length.
        """

    @abstractmethod
    def cancel_upload(self, location: WorkspaceLocation, upload_id: str) -> None:
        """Forget an upload and its bytes (a finished file stays); raises `PathNotFound`, `InUse`."""

    @abstractmethod
    def clear_uploads(self, location: WorkspaceLocation, *, now: datetime) -> datetime | None:
        """Remove what broken-off writing left and nobody may ask for any more; return when to do so again."""

    @abstractmethod
    def disk_usage(self, location: WorkspaceLocation) -> int:
        """Return the bytes that the workspace takes (allocated blocks, hard links once, links not followed)."""

    @abstractmethod
    def locate(self, location: WorkspaceLocation) -> Path:
        """Return the absolute path of the workspace, for jobs to work in."""
