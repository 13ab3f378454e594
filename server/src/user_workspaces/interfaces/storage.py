"""The interface of storage plug-ins, which keep the files of workspaces."""

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
"""The version of a missing entry, see `Storage.write`."""
UPLOAD_LIFETIME: Final = timedelta(days=1)
"""Lifetime of an unfinished upload after its last bytes."""
FINISHED_UPLOAD_LIFETIME: Final = timedelta(minutes=10)
"""Lifetime of a finished upload's state, for a client that did not get the last response."""


class Order(StrEnum):
    """The sort order of a directory."""

    NAME = "name"
    SIZE = "size"
    MODIFIED = "modified"


_CHUNK = 1 << 18


def _chunks(content: BinaryIO, left: int) -> Iterator[bytes]:
    # A file that grows while it is copied must not exceed the reservation.
    while left and (chunk := content.read(min(_CHUNK, left))):
        left -= len(chunk)
        yield chunk


@dataclass(frozen=True, slots=True)
class Dataset:
    """A file or directory that links may point to; `path` is absolute."""

    path: str
    is_directory: bool


class Storage(Plugin):
    """Keeps the files of workspaces. Paths are relative to the workspace; one that leaves it raises `UnsafePath`.

    Every operation runs with the rights of `location.account`, and follows no symbolic link. An operation that file
    permissions forbid raises `AccessDenied`, other failures of the file system `StorageError`. Names that are not
    UTF-8 are passed in their text form, see `file_names`.
    """

    @abstractmethod
    def create(self, location: WorkspaceLocation) -> None:
        """Create the empty directory of a workspace, private to its user; idempotent."""

    @abstractmethod
    def delete(self, location: WorkspaceLocation) -> None:
        """Remove the workspace and all its content, following no link; no-op if it is missing."""

    @abstractmethod
    def copy(self, source: WorkspaceLocation, target: WorkspaceLocation, *, progress: Callable[[int], None]) -> None:
        """Copy a workspace into a new one, owned by `target.account`.

        Dot files are left out; links are recreated if the target's user may have them. `progress` is called with the
        bytes copied so far.
        """

    @abstractmethod
    def write(
        self, location: WorkspaceLocation, path: str, chunks: Iterable[bytes], *, expecting: str | None = None
    ) -> int:
        """Write a file atomically, with its parent directories; return its size in bytes.

        `expecting` is the `Entry.version` to replace, or `NOTHING`: raises `Conflict` for another version, before the
        chunks are read and again at the end. None: replace any version.
        """

    def copy_file(
        self, source: WorkspaceLocation, path: str, target: WorkspaceLocation, new_path: str, *, most: int
    ) -> int:
        """Copy a regular file atomically and return the size of the copy; the two files are independent.

        Copies at most `most` bytes, the disk quota that is reserved. A storage that supports it shares the blocks of
        both files until one is written (reflink). Raises as `open` and `write` do.
        """
        with self.open(source, path) as content:
            return self.write(target, new_path, _chunks(content, most))

    @abstractmethod
    def open(self, location: WorkspaceLocation, path: str) -> BinaryIO:
        """Open a regular file for reading; raises `PathNotFound`, and `Conflict` for a pipe, a socket or a device."""

    @abstractmethod
    def open_entry(self, location: WorkspaceLocation, path: str) -> tuple[Entry, BinaryIO]:
        """Open a regular file and return its entry, with its version, and the file: both have the same content."""

    @abstractmethod
    def link(self, location: WorkspaceLocation, path: str, target: str) -> None:
        """Create or replace a symbolic link to an absolute path below a dataset root.

        Raises `PathNotFound` both for a missing target and for one outside of the roots, so as not to reveal which.
        """

    @property
    def has_datasets(self) -> bool:
        """True if links to datasets are possible."""
        return False

    def datasets(self, account: SystemAccount, path: str = "", *, limit: int) -> tuple[Dataset, ...]:
        """List the entries of a directory of datasets with the rights of an account; `""`: the dataset roots.

        Directories first, names sorted, without dot files, at most `limit`. Raises `PathNotFound` for a path that is
        missing, not a directory, or outside of the roots, so as not to reveal which.
        """
        raise PathNotFound(f"There are no datasets: {path}")

    @abstractmethod
    def remove(self, location: WorkspaceLocation, path: str) -> None:
        """Remove a file, link or directory tree; no-op if it is missing."""

    @abstractmethod
    def move(self, location: WorkspaceLocation, path: str, new_path: str, *, overwrite: bool = False) -> None:
        """Move an entry to another path atomically; creates missing parent directories.

        Raises `PathNotFound` for a missing entry, and `Conflict` if the new path exists: a directory is never
        replaced, a file or link only with `overwrite`, and only by a file or link.
        """

    @abstractmethod
    def make_directory(self, location: WorkspaceLocation, path: str) -> None:
        """Create a directory and its parents; raises `Conflict` if the path exists."""

    @abstractmethod
    def stat(self, location: WorkspaceLocation, path: str) -> Entry:
        """Return one entry with its version, following no link; raises `PathNotFound`. `""`: the workspace."""

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
        """Return the entries of a directory, sorted, with versions; `""` is the workspace itself.

        Returns `limit` entries from `offset` on (None: all); ties are sorted by name. In the order by name, only those
        entries are read from disk. Without `hidden`, dot files and dot directories are left out. Raises
        `PathNotFound` if the path is not a directory.
        """

    @abstractmethod
    def tree(self, location: WorkspaceLocation, path: str = "", *, refused: list[str] | None = None) -> Iterator[Entry]:
        """Iterate over all entries below a directory, parents first, names sorted, with dot files.

        Paths are relative to the workspace, also if `path` is given. Unreadable directories are skipped; their paths
        are added to `refused`.
        """

    @abstractmethod
    def begin_upload(self, location: WorkspaceLocation, path: str, *, length: int, note: str = "") -> Upload:
        """Start the upload of a file of `length` bytes in several requests; the file appears when it is complete.

        Raises `StorageError` if the disk has too little free space now, `Conflict` if a directory has its path.
        """

    @abstractmethod
    def find_upload(self, location: WorkspaceLocation, upload_id: str) -> Upload:
        """Return the state of an upload, and finish it if all bytes are there; raises `PathNotFound`."""

    @abstractmethod
    def append(self, location: WorkspaceLocation, upload_id: str, offset: int, chunks: Iterable[bytes]) -> Upload:
        """Write the next bytes of an upload; after the last one, the file replaces the entry at its path.

        Bytes that were written stay, also if the chunks end with an error. Raises `Conflict` if the upload is not at
        `offset`, `InUse` while another request appends, `InvalidRequest` for more bytes than its length.
        """

    @abstractmethod
    def cancel_upload(self, location: WorkspaceLocation, upload_id: str) -> None:
        """Delete an upload and its bytes (a finished file stays); raises `PathNotFound`, `InUse`."""

    @abstractmethod
    def clear_uploads(self, location: WorkspaceLocation, *, now: datetime) -> datetime | None:
        """Delete expired uploads and remains of interrupted writes; return when to call it again (None: never)."""

    @abstractmethod
    def disk_usage(self, location: WorkspaceLocation) -> int:
        """Return the bytes that the workspace uses (allocated blocks, hard links once, links not followed)."""

    @abstractmethod
    def locate(self, location: WorkspaceLocation) -> Path:
        """Return the absolute path of the workspace, the working directory of jobs."""
