"""The plug-in: implements the operations of a storage with the modules of this package."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO, ClassVar

from user_workspaces.errors import Conflict, PathNotFound, UnsafePath
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.storage import Dataset, Order, Storage
from user_workspaces.interfaces.values import (
    Entry,
    Health,
    Listing,
    PluginContext,
    SystemAccount,
    Upload,
    WorkspaceLocation,
)
from user_workspaces.plugins.storage.local_file_system import uploads
from user_workspaces.plugins.storage.local_file_system.cleanup import Cleanup
from user_workspaces.plugins.storage.local_file_system.copy import Copy
from user_workspaces.plugins.storage.local_file_system.datasets import Datasets
from user_workspaces.plugins.storage.local_file_system.health import examine
from user_workspaces.plugins.storage.local_file_system.listing import (
    Part,
    allocated_bytes,
    entry_of,
    list_directory,
    walk_entries,
)
from user_workspaces.plugins.storage.local_file_system.locations import WORKSPACE, Directory, Locations
from user_workspaces.plugins.storage.local_file_system.move import move_entry
from user_workspaces.plugins.storage.local_file_system.options import LocalFileSystemOptions
from user_workspaces.plugins.storage.local_file_system.os_errors import LIST, READ, WRITE, explained, shown
from user_workspaces.plugins.storage.local_file_system.paths import parse_path
from user_workspaces.plugins.storage.local_file_system.remove import remove_entry
from user_workspaces.plugins.storage.local_file_system.thread_credentials import require_thread_ids, rights_of
from user_workspaces.plugins.storage.local_file_system.write import copy_file, write_file, write_link

_BATCH = 1000
"""Entries of a tree that are read with the user's credentials at a time."""


class LocalFileSystemStorage(Storage):
    """Keeps workspaces in directories `<root_dir>/<user>/<workspace>`.

    A server that runs as root accesses files below a user's directory with the user's credentials only, which the
    working thread assumes (`thread_credentials`). Another server works as its own account.
    """

    Options: ClassVar[type[PluginOptions]] = LocalFileSystemOptions

    def __init__(self, context: PluginContext, options: LocalFileSystemOptions) -> None:
        """Raises `ConfigurationError` if the server runs as root and cannot assume a user's credentials."""
        super().__init__(context, options)
        require_thread_ids()
        self._locations = Locations(context.base_dir / options.root_dir)
        self._datasets = Datasets(options.connection_details.dataset_roots)

    def check(self) -> Health:
        """Return whether the root directory can be used, creating it if it is missing."""
        try:
            self._locations.make_root()
        except OSError as error:
            return Health(connected=False, message=f"The storage has no root directory: {error.strerror}.")
        return examine(self._locations.root)

    def create(self, location: WorkspaceLocation) -> None:
        """See `Storage.create`."""
        self._locations.create(location)

    def delete(self, location: WorkspaceLocation) -> None:
        """See `Storage.delete`; after an error it can be called again."""
        try:
            with self._locations.enter_parent(location) as (parent, name), parent.acting():
                remove_entry(parent.handle, name)
        except PathNotFound:
            return

    def copy(self, source: WorkspaceLocation, target: WorkspaceLocation, *, progress: Callable[[int], None]) -> None:
        """See `Storage.copy`; after an error the target is incomplete and must be deleted."""
        with self._locations.enter(source) as old:
            self._locations.create(target)
            with self._locations.enter(target) as new:
                Copy(old, new, datasets=self._datasets, progress=progress).run()

    def write(
        self, location: WorkspaceLocation, path: str, chunks: Iterable[bytes], *, expecting: str | None = None
    ) -> int:
        """See `Storage.write`; raises `StorageError` for a full disk, `Conflict` if `path` is a directory."""
        with self._parent(location, path, make=True) as (parent, name):
            return write_file(parent, name, chunks, path=path, expecting=expecting)

    def copy_file(
        self, source: WorkspaceLocation, path: str, target: WorkspaceLocation, new_path: str, *, most: int
    ) -> int:
        """See `Storage.copy_file`; Btrfs, XFS and other file systems with reflinks share the blocks."""
        with self.open(source, path) as content, self._parent(target, new_path, make=True) as (parent, name):
            return copy_file(parent, name, content.fileno(), most=most, path=new_path)

    def open(self, location: WorkspaceLocation, path: str) -> BinaryIO:
        """See `Storage.open`."""
        return self.open_entry(location, path)[1]

    def open_entry(self, location: WorkspaceLocation, path: str) -> tuple[Entry, BinaryIO]:
        """See `Storage.open_entry`."""
        with self._parent(location, path) as (parent, name), parent.acting(path, READ):
            # Checked before open(2), which for a pipe would wake a process that waits to write into it.
            _require_readable(path, os.stat(name, dir_fd=parent.handle, follow_symlinks=False))
            # O_NONBLOCK: the entry may be replaced by a pipe after the check, and open(2) would wait for a writer.
            handle = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=parent.handle)
        try:
            status = os.fstat(handle)
            _require_readable(path, status)
            return entry_of(parse_path(path), status), os.fdopen(handle, "rb")
        except BaseException:
            os.close(handle)
            raise

    def link(self, location: WorkspaceLocation, path: str, target: str) -> None:
        """See `Storage.link`; the link points to the resolved target, without links in its path."""
        with self._parent(location, path, make=True) as (parent, name), parent.acting(path, WRITE):
            # With the user's rights: the result must not reveal what is below a directory that they cannot enter.
            found = self._datasets.resolve(target)
            if found is None:
                raise PathNotFound(f"Symlink path not found: {shown(target)}")
            write_link(parent.handle, name, found)

    @property
    def has_datasets(self) -> bool:
        """See `Storage.has_datasets`."""
        return bool(self._datasets)

    def datasets(self, account: SystemAccount, path: str = "", *, limit: int) -> tuple[Dataset, ...]:
        """See `Storage.datasets`."""
        with rights_of(account).assumed():
            found = self._datasets.list(path, limit=limit)
        if found is None:
            raise PathNotFound(f"There is no such directory of datasets: {shown(path)}")
        return found

    def remove(self, location: WorkspaceLocation, path: str) -> None:
        """See `Storage.remove`."""
        try:
            with self._parent(location, path) as (parent, name), parent.acting(path, WRITE):
                remove_entry(parent.handle, name)
        except PathNotFound:
            return

    def move(self, location: WorkspaceLocation, path: str, new_path: str, *, overwrite: bool = False) -> None:
        """See `Storage.move`."""
        names, new_names = parse_path(path), parse_path(new_path)
        if new_names[: len(names)] == names and len(new_names) > len(names):
            raise Conflict(f"{shown(path)}: A directory cannot be moved into itself.")
        with self._parent(location, path) as (old, name):
            self.stat(location, path)  # fails before directories are created for a missing entry
            with self._parent(location, new_path, make=True) as (new, new_name), new.acting(new_path, WRITE):
                move_entry(old.handle, name, new.handle, new_name, overwrite=overwrite)

    def make_directory(self, location: WorkspaceLocation, path: str) -> None:
        """See `Storage.make_directory`."""
        with self._parent(location, path, make=True) as (parent, name), parent.acting(path, WRITE):
            os.mkdir(name, 0o700, dir_fd=parent.handle)

    def stat(self, location: WorkspaceLocation, path: str) -> Entry:
        """See `Storage.stat`."""
        if not path:
            with self._locations.enter(location) as workspace:
                return entry_of([], os.fstat(workspace.handle))
        with self._parent(location, path) as (parent, name), parent.acting(path):
            status = os.stat(name, dir_fd=parent.handle, follow_symlinks=False)
        return entry_of(parse_path(path), status)

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
        """See `Storage.entries`."""
        names = parse_path(path) if path else []
        shown_path = path or WORKSPACE
        with (
            self._locations.enter(location) as workspace,
            workspace.opened(names, shown_path) as handle,
            workspace.acting(shown_path, LIST),
        ):
            part = Part(offset, limit, directories_first, hidden, order, descending)
            return list_directory(handle, names, part)

    def tree(self, location: WorkspaceLocation, path: str = "", *, refused: list[str] | None = None) -> Iterator[Entry]:
        """See `Storage.tree`; leaves out entries that are too deep for any path."""
        names = parse_path(path) if path else []
        with (
            self._locations.enter(location) as workspace,
            workspace.opened(names, path or WORKSPACE) as top,
            closing(walk_entries(top, names, [] if refused is None else refused)) as found,
        ):
            while batch := self._batch(workspace, found):
                yield from batch

    def begin_upload(self, location: WorkspaceLocation, path: str, *, length: int, note: str = "") -> Upload:
        """See `Storage.begin_upload`."""
        parse_path(path)
        with self._locations.enter(location) as workspace:
            return uploads.begin(workspace, path, length=length, note=note)

    def find_upload(self, location: WorkspaceLocation, upload_id: str) -> Upload:
        """See `Storage.find_upload`."""
        with self._locations.enter(location) as workspace:
            return uploads.find(workspace, upload_id)

    def append(self, location: WorkspaceLocation, upload_id: str, offset: int, chunks: Iterable[bytes]) -> Upload:
        """See `Storage.append`."""
        with self._locations.enter(location) as workspace:
            return uploads.append(workspace, upload_id, offset, chunks)

    def cancel_upload(self, location: WorkspaceLocation, upload_id: str) -> None:
        """See `Storage.cancel_upload`."""
        with self._locations.enter(location) as workspace:
            uploads.cancel(workspace, upload_id)

    def clear_uploads(self, location: WorkspaceLocation, *, now: datetime) -> datetime | None:
        """See `Storage.clear_uploads`."""
        with self._locations.enter(location) as workspace:
            clearing = Cleanup(workspace, now)
            clearing.run()
            return clearing.again

    def disk_usage(self, location: WorkspaceLocation) -> int:
        """See `Storage.disk_usage`."""
        with self._locations.enter(location) as workspace, explained("The workspace"):
            # The one exception with the server's own rights: users could otherwise hide files from their quota by
            # closing a directory to themselves. It reads numbers only, through handles, and follows no link.
            return allocated_bytes(workspace.handle)

    def locate(self, location: WorkspaceLocation) -> Path:
        """See `Storage.locate`."""
        return self._locations.locate(location)

    @contextmanager
    def _parent(self, location: WorkspaceLocation, path: str, *, make: bool = False) -> Iterator[tuple[Directory, str]]:
        *names, name = parse_path(path)
        with self._locations.enter(location) as workspace, workspace.opened(names, path, make=make) as handle:
            yield Directory(handle, workspace.rights), name

    def _batch(self, workspace: Directory, found: Iterator[Entry]) -> list[Entry]:
        # The credentials are given back before the entries are yielded: the consumer runs with the server's rights.
        with workspace.acting(WORKSPACE, LIST):
            return list(islice(found, _BATCH))


def _require_readable(path: str, status: os.stat_result) -> None:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        raise PathNotFound(f"{shown(path)}: This is not a file.")
    if stat.S_ISLNK(mode):
        raise UnsafePath(f"{shown(path)}: This is a link, and links are not followed.")
    if not stat.S_ISREG(mode):
        kind = entry_of([], status).kind
        raise Conflict(f"{shown(path)}: This is a {kind}, not a regular file, and cannot be read here.")
