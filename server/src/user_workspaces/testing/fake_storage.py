"""An in-memory storage; `failing_storages` has variants that fail."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import BinaryIO, ClassVar

from user_workspaces.errors import Conflict, PathNotFound, StorageError, UnsafePath
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.storage import NOTHING, Dataset, Order, Storage
from user_workspaces.interfaces.values import (
    Entry,
    EntryKind,
    Health,
    Listing,
    PluginContext,
    SystemAccount,
    WorkspaceLocation,
)
from user_workspaces.testing.fake_uploads import InMemoryUploads

_LONGEST_PATH = 4095
_LONGEST_NAME = 255
_BLOCK = 4096
"""The block size for disk usage, as on most disks."""


class FakeStorageOptions(PluginOptions):
    """The allowed and existing targets of links."""

    datasets: list[str] = []


@dataclass(frozen=True)
class _Node:
    """A file (`content`) or a link (`target`)."""

    content: bytes = b""
    target: str = ""
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))
    number: int = field(default_factory=count(1).__next__)


_NOWHERE = _Node()
Entries = dict[tuple[str, ...], _Node | None]
"""All entries by the components of their path; None: a directory."""


class InMemoryStorage(InMemoryUploads, Storage):
    """Fulfils the contract of storages without a disk and without accounts."""

    Options: ClassVar[type[PluginOptions]] = FakeStorageOptions

    def __init__(self, context: PluginContext, options: FakeStorageOptions) -> None:
        super().__init__(context, options)
        self._datasets = options.datasets
        self._workspaces: dict[str, Entries] = {}
        self._uploads = {}

    def check(self) -> Health:
        """Always healthy."""
        return Health(connected=True)

    def create(self, location: WorkspaceLocation) -> None:
        """See `Storage.create`."""
        self._workspaces.setdefault("/".join(_parse(location.directory)), {})

    def delete(self, location: WorkspaceLocation) -> None:
        """See `Storage.delete`."""
        self._workspaces.pop("/".join(_parse(location.directory)), None)

    def copy(self, source: WorkspaceLocation, target: WorkspaceLocation, *, progress: Callable[[int], None]) -> None:
        """See `Storage.copy`."""
        entries = self.workspace(source)
        self.create(target)
        if self.workspace(target):
            raise StorageError("The target workspace is not empty.")
        shared = {path: node for path, node in entries.items() if not any(name.startswith(".") for name in path)}
        self.workspace(target).update(shared)
        progress(sum(len(node.content) for node in shared.values() if node))

    def write(
        self, location: WorkspaceLocation, path: str, chunks: Iterable[bytes], *, expecting: str | None = None
    ) -> int:
        """See `Storage.write`."""
        names = _parse(path)
        self._require_version(location, names, expecting)
        content = b"".join(chunks)
        self._require_version(location, names, expecting)
        self._put(location, names, _Node(content=content))
        return len(content)

    def open(self, location: WorkspaceLocation, path: str) -> BinaryIO:
        """See `Storage.open`."""
        return self.open_entry(location, path)[1]

    def open_entry(self, location: WorkspaceLocation, path: str) -> tuple[Entry, BinaryIO]:
        """See `Storage.open_entry`."""
        node = self.workspace(location).get(_parse(path))
        if node is None:
            raise PathNotFound(f"{path}: There is no such file.")
        if node.target:
            raise UnsafePath(f"{path}: This is a link, and links are not followed.")
        return _entry(path, node), io.BytesIO(node.content)

    def link(self, location: WorkspaceLocation, path: str, target: str) -> None:
        """See `Storage.link`."""
        names = _parse(path)
        if target not in self._datasets:
            raise PathNotFound(f"Symlink path not found: {target}")
        self._put(location, names, _Node(target=target))

    @property
    def has_datasets(self) -> bool:
        """See `Storage.has_datasets`."""
        return bool(self._datasets)

    def datasets(self, account: SystemAccount, path: str = "", *, limit: int) -> tuple[Dataset, ...]:
        """See `Storage.datasets`; each is a root."""
        if path:
            raise PathNotFound(f"There is no such directory of datasets: {path}")
        return tuple(Dataset(one, is_directory=False) for one in self._datasets[:limit])

    def remove(self, location: WorkspaceLocation, path: str) -> None:
        """See `Storage.remove`."""
        names, workspace = _parse(path), self.workspace(location)
        for found in [found for found in workspace if found[: len(names)] == names]:
            del workspace[found]

    def move(self, location: WorkspaceLocation, path: str, new_path: str, *, overwrite: bool = False) -> None:
        """See `Storage.move`."""
        names, new_names, workspace = _parse(path), _parse(new_path), self.workspace(location)
        if names not in workspace:
            raise PathNotFound(f"{path}: No such file or directory.")
        moved = {found: node for found, node in workspace.items() if found[: len(names)] == names}
        is_free = new_names not in workspace
        if not is_free and (not overwrite or None in {workspace[names], workspace[new_names]} or names == new_names):
            raise Conflict(f"{new_path}: A file or directory of this name already exists.")
        if new_names in moved or new_names[: len(names)] == names:
            raise Conflict(f"{path}: A directory cannot be moved into itself.")
        self._require_directories(location, new_names)
        for found, node in moved.items():
            del workspace[found]
            workspace[new_names + found[len(names) :]] = node

    def make_directory(self, location: WorkspaceLocation, path: str) -> None:
        """See `Storage.make_directory`."""
        names, workspace = _parse(path), self.workspace(location)
        if names in workspace:
            raise Conflict(f"{path}: A file or directory of this name already exists.")
        self._require_directories(location, names)
        workspace[names] = None

    def stat(self, location: WorkspaceLocation, path: str) -> Entry:
        """See `Storage.stat`."""
        workspace = self.workspace(location)
        if not path:
            return _entry("", None)
        names = _parse(path)
        if names not in workspace:
            raise PathNotFound(f"{path}: No such file or directory.")
        return _entry(path, workspace[names])

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
        inside = ((entry, entry.path[len(path) :].strip("/")) for entry in self.tree(location, path))
        found = [entry for entry, name in inside if "/" not in name and (hidden or not name.startswith("."))]
        found.sort(key=lambda one: one.path, reverse=descending and order is Order.NAME)
        values: dict[Order, Callable[[Entry], float]] = {
            Order.SIZE: lambda one: one.size,
            Order.MODIFIED: lambda one: one.modified.timestamp(),
        }
        if order in values:
            found.sort(key=values[order], reverse=descending)
        if directories_first:
            found.sort(key=lambda entry: entry.kind is not EntryKind.DIRECTORY)
        return Listing(tuple(found[offset:] if limit is None else found[offset : offset + limit]), len(found))

    def tree(self, location: WorkspaceLocation, path: str = "", *, refused: list[str] | None = None) -> Iterator[Entry]:
        """See `Storage.tree`."""
        top, workspace = _parse(path) if path else (), self.workspace(location)
        if top and workspace.get(top, _NOWHERE) is not None:
            node = workspace.get(top)
            raise (
                UnsafePath("A link.") if node and node.target else PathNotFound(f"{path}: There is no such directory.")
            )
        for names, node in sorted(workspace.items()):
            if names[: len(top)] == top and names != top:
                yield _entry("/".join(names), node)

    def disk_usage(self, location: WorkspaceLocation) -> int:
        """See `Storage.disk_usage`."""
        nodes = self.workspace(location).values()
        return sum(-(-len(node.content) // _BLOCK) * _BLOCK for node in nodes if node)

    def locate(self, location: WorkspaceLocation) -> Path:
        """Return a path that does not exist."""
        return self.context.data_dir.joinpath(*_parse(location.directory))

    def workspace(self, location: WorkspaceLocation) -> Entries:
        """Return all entries of a workspace."""
        try:
            return self._workspaces["/".join(_parse(location.directory))]
        except KeyError:
            raise PathNotFound("The workspace: No such file or directory.") from None

    def _put(self, location: WorkspaceLocation, names: tuple[str, ...], node: _Node) -> None:
        workspace = self.workspace(location)
        if names in workspace and workspace[names] is None:
            raise Conflict("This is a directory, and directories are not replaced.")
        self._require_directories(location, names)
        workspace[names] = node

    def _require_directories(self, location: WorkspaceLocation, names: tuple[str, ...]) -> None:
        workspace = self.workspace(location)
        above = [names[:depth] for depth in range(1, len(names))]
        for directory in above:
            node = workspace.get(directory)
            if node is not None:
                raise UnsafePath("A link.") if node.target else Conflict("A part of this path is a file.")
        workspace.update(dict.fromkeys(above))

    def _require_version(self, location: WorkspaceLocation, names: tuple[str, ...], expecting: str | None) -> None:
        workspace = self.workspace(location)
        version = _entry("", workspace[names]).version if names in workspace else NOTHING
        if expecting not in {None, version}:
            raise Conflict("The file has changed since you last read it.")


def _entry(path: str, node: _Node | None) -> Entry:
    if node is None:
        return Entry(path=path, kind=EntryKind.DIRECTORY, size=0, modified=datetime.now(UTC), version="0")
    kind, size = EntryKind.LINK if node.target else EntryKind.FILE, len(node.target or node.content)
    return Entry(path=path, kind=kind, size=size, modified=node.modified, version=str(node.number))


def _parse(path: str) -> tuple[str, ...]:
    names = tuple(path.split("/"))
    try:
        too_long = len(path.encode()) > _LONGEST_PATH or any(len(name.encode()) > _LONGEST_NAME for name in names)
    except UnicodeEncodeError:
        too_long = True
    if too_long or "\0" in path or any(name in {"", ".", ".."} for name in names):
        raise UnsafePath(f"{path!a}: This path cannot be used.")
    return names
