"""The contract suite of storages: subclass `StorageContract` in a test module and provide the fixtures.

class TestMyStorage(StorageContract):
    @pytest.fixture
    def storage(self) -> Storage: ...          # a new, empty one
    @pytest.fixture
    def location(self) -> WorkspaceLocation: ...        # of one user; not created yet
    @pytest.fixture
    def other_location(self) -> WorkspaceLocation: ...  # of another user; not created yet
    @pytest.fixture
    def dataset(self) -> str: ...              # an absolute path that links may point to, without a link in it
    @pytest.fixture
    def outside(self) -> str: ...              # an existing absolute path that links must not point to
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from user_workspaces.errors import PathNotFound, StorageError, UnsafePath
from user_workspaces.interfaces.storage import Storage
from user_workspaces.interfaces.values import Entry, EntryKind, WorkspaceLocation
from user_workspaces.testing.storage_files_contract import FilesContract
from user_workspaces.testing.storage_paths import ESCAPES, NAMES
from user_workspaces.testing.storage_reading import listing, read
from user_workspaces.testing.storage_uploads_contract import UploadsContract

__all__ = ["StorageContract", "listing", "read"]


class StorageContract(FilesContract, UploadsContract):
    """The tests; see the head of this module for the fixtures."""

    @pytest.fixture
    def made(self, storage: Storage, location: WorkspaceLocation) -> WorkspaceLocation:
        """Return a workspace that has been created."""
        storage.create(location)
        return location

    def test_check_connected(self, storage: Storage) -> None:
        """A working storage is healthy."""
        assert storage.check().connected

    def test_create_empty(self, storage: Storage, made: WorkspaceLocation) -> None:
        """A new workspace is empty."""
        assert listing(storage, made) == []

    def test_create_twice_keeps_files(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Creating again changes nothing."""
        storage.write(made, "a", [b"1"])
        storage.create(made)
        assert read(storage, made, "a") == b"1"

    def test_write_chunks_joined(self, storage: Storage, made: WorkspaceLocation) -> None:
        """The chunks become one file, and its size is returned."""
        assert storage.write(made, "deep/er/a", [b"12", b"", b"345"]) == len(b"12345")
        assert read(storage, made, "deep/er/a") == b"12345"

    def test_write_nothing_makes_empty_file(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Without chunks, the file is empty."""
        assert storage.write(made, "a", []) == 0
        assert read(storage, made, "a") == b""

    def test_write_again_replaces(self, storage: Storage, made: WorkspaceLocation) -> None:
        """New content replaces the old, also if it is shorter."""
        storage.write(made, "a", [b"the old"])
        storage.write(made, "a", [b"new"])
        assert read(storage, made, "a") == b"new"

    def test_write_interrupted_keeps_old(self, storage: Storage, made: WorkspaceLocation) -> None:
        """An error of the chunks is raised, and nothing changes."""
        storage.write(made, "a", [b"the old"])

        with pytest.raises(ConnectionResetError):
            storage.write(made, "a", _broken_off())

        assert read(storage, made, "a") == b"the old"
        assert listing(storage, made) == [("a", EntryKind.FILE)]

    def test_write_over_directory_refused(self, storage: Storage, made: WorkspaceLocation) -> None:
        """A directory is never replaced by a file."""
        storage.write(made, "d/a", [b"1"])
        with pytest.raises(StorageError):
            storage.write(made, "d", [b"2"])
        assert read(storage, made, "d/a") == b"1"

    def test_write_below_file_refused(self, storage: Storage, made: WorkspaceLocation) -> None:
        """A file is not made a directory."""
        storage.write(made, "a", [b"1"])
        with pytest.raises(StorageError):
            storage.write(made, "a/b", [b"2"])
        assert read(storage, made, "a") == b"1"

    @pytest.mark.parametrize("name", NAMES)
    def test_write_unusual_name(self, storage: Storage, made: WorkspaceLocation, name: str) -> None:
        """Names are kept unchanged."""
        storage.write(made, f"d/{name}", [b"1"])
        assert read(storage, made, f"d/{name}") == b"1"
        assert listing(storage, made) == [("d", EntryKind.DIRECTORY), (f"d/{name}", EntryKind.FILE)]

    @pytest.mark.parametrize("path", ESCAPES)
    def test_escape_refused(self, storage: Storage, made: WorkspaceLocation, dataset: str, path: str) -> None:
        """Every operation rejects paths that leave the workspace or are invalid."""
        with pytest.raises(UnsafePath):
            storage.write(made, path, [b"1"])
        with pytest.raises(UnsafePath):
            storage.open(made, path)
        with pytest.raises(UnsafePath):
            storage.remove(made, path)
        with pytest.raises(UnsafePath):
            storage.link(made, path, dataset)
        assert listing(storage, made) == []

    @pytest.mark.parametrize("directory", ["../x/1", "/x/1", "x/../../1", "", "x//1"])
    def test_place_outside_refused(self, storage: Storage, location: WorkspaceLocation, directory: str) -> None:
        """No workspace lies outside of the storage."""
        outside = WorkspaceLocation(directory=directory, account=location.account)
        with pytest.raises(UnsafePath):
            storage.create(outside)
        with pytest.raises(UnsafePath):
            storage.delete(outside)

    @pytest.mark.parametrize("path", ["missing", "d/missing", "d"])
    def test_open_no_file(self, storage: Storage, made: WorkspaceLocation, path: str) -> None:
        """Only files can be opened."""
        storage.write(made, "d/a", [b"1"])
        with pytest.raises(PathNotFound):
            storage.open(made, path)

    def test_no_workspace(self, storage: Storage, location: WorkspaceLocation) -> None:
        """Without a workspace, nothing is found or created."""
        with pytest.raises(PathNotFound):
            storage.write(location, "a", [b"1"])
        with pytest.raises(PathNotFound):
            storage.open(location, "a")
        with pytest.raises(PathNotFound):
            list(storage.tree(location))
        with pytest.raises(PathNotFound):
            storage.disk_usage(location)

    def test_link_below_root(self, storage: Storage, made: WorkspaceLocation, dataset: str) -> None:
        """A link to a dataset appears as a link, and is not followed."""
        storage.link(made, "d/l", dataset)
        assert listing(storage, made) == [("d", EntryKind.DIRECTORY), ("d/l", EntryKind.LINK)]
        with pytest.raises(StorageError):
            storage.open(made, "d/l")
        with pytest.raises(StorageError):
            storage.write(made, "d/l/a", [b"1"])

    def test_link_replaces_link_and_file(self, storage: Storage, made: WorkspaceLocation, dataset: str) -> None:
        """A link replaces a link or a file."""
        storage.write(made, "l", [b"1"])
        storage.link(made, "l", dataset)
        storage.link(made, "l", dataset)
        assert listing(storage, made) == [("l", EntryKind.LINK)]

    def test_link_over_directory_refused(self, storage: Storage, made: WorkspaceLocation, dataset: str) -> None:
        """A directory is never replaced by a link."""
        storage.write(made, "d/a", [b"1"])
        with pytest.raises(StorageError):
            storage.link(made, "d", dataset)
        assert read(storage, made, "d/a") == b"1"

    @pytest.mark.parametrize("added", ["/../../../../../../../../../etc/passwd", "/missing-for-sure", "\0"])
    def test_link_target_not_there(self, storage: Storage, made: WorkspaceLocation, dataset: str, added: str) -> None:
        """A target outside of the roots and a missing one cause the same error."""
        with pytest.raises(PathNotFound) as caught:
            storage.link(made, "l", dataset + added)
        assert caught.value.message == f"Symlink path not found: {dataset}{added}"
        assert listing(storage, made) == []

    def test_link_outside_refused(self, storage: Storage, made: WorkspaceLocation, outside: str) -> None:
        """An existing path outside of the dataset roots causes the error of a missing one."""
        with pytest.raises(PathNotFound) as caught:
            storage.link(made, "l", outside)
        assert caught.value.message == f"Symlink path not found: {outside}"

    def test_write_over_link_replaces_the_link(self, storage: Storage, made: WorkspaceLocation, dataset: str) -> None:
        """The file replaces the link; the target is not written."""
        storage.link(made, "l", dataset)
        storage.write(made, "l", [b"mine"])
        assert listing(storage, made) == [("l", EntryKind.FILE)]
        assert read(storage, made, "l") == b"mine"

    def test_remove_file_tree_and_link(self, storage: Storage, made: WorkspaceLocation, dataset: str) -> None:
        """Files, directory trees and links are removed; the rest stays; a second call does nothing."""
        for path in ("a", "d/e/b", "d/c", "kept"):
            storage.write(made, path, [b"1"])
        storage.link(made, "d/l", dataset)
        for path in ("a", "d", "a", "d", "d/e/b", "kept/x"):
            storage.remove(made, path)
        assert listing(storage, made) == [("kept", EntryKind.FILE)]

    def test_delete_all(self, storage: Storage, made: WorkspaceLocation, dataset: str) -> None:
        """A deleted workspace is gone, and can be deleted and created again."""
        storage.write(made, "d/a", [b"1"])
        storage.link(made, "l", dataset)
        storage.delete(made)
        storage.delete(made)
        with pytest.raises(PathNotFound):
            storage.open(made, "d/a")
        storage.create(made)
        assert listing(storage, made) == []

    def test_delete_leaves_others(
        self, storage: Storage, made: WorkspaceLocation, other_location: WorkspaceLocation
    ) -> None:
        """Deleting one workspace touches no other one."""
        storage.create(other_location)
        storage.write(other_location, "a", [b"1"])
        storage.delete(made)
        assert read(storage, other_location, "a") == b"1"

    def test_tree_parents_first_names_sorted(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Parents come before their entries, in the order of names."""
        for path in ("b", "a/z", "a.txt", "a/b/c", ".dot/x", "B"):
            storage.write(made, path, [b"1"])
        paths = [".dot", ".dot/x", "B", "a", "a/b", "a/b/c", "a/z", "a.txt", "b"]
        assert [entry.path for entry in storage.tree(made)] == paths

    def test_tree_has_sizes_and_times(self, storage: Storage, made: WorkspaceLocation) -> None:
        """A file's entry has its size in bytes and its modification time."""
        storage.write(made, "a", [b"12345"])
        (entry,) = storage.tree(made)
        assert entry == Entry(path="a", kind=EntryKind.FILE, size=5, modified=entry.modified)
        assert abs(datetime.now(UTC) - entry.modified) < timedelta(hours=1)

    def test_disk_usage_grows_and_shrinks(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Usage grows with writes and shrinks with removals."""
        empty = storage.disk_usage(made)
        size = storage.write(made, "a", [b"x" * 1_000_000])
        full = storage.disk_usage(made)
        storage.remove(made, "a")
        assert full - empty >= size
        assert storage.disk_usage(made) < full

    def test_copy_without_dot_files(
        self, storage: Storage, made: WorkspaceLocation, other_location: WorkspaceLocation, dataset: str
    ) -> None:
        """Another user gets independent files and links, without dot files at any level."""
        for path in ("a", "d/b", ".secret", ".config/token", "d/.env"):
            storage.write(made, path, [path.encode()])
        storage.link(made, "d/l", dataset)
        reported = list[int]()
        storage.copy(made, other_location, progress=reported.append)
        storage.delete(made)
        assert read(storage, other_location, "d/b") == b"d/b"
        assert listing(storage, other_location) == [
            ("a", EntryKind.FILE),
            ("d", EntryKind.DIRECTORY),
            ("d/b", EntryKind.FILE),
            ("d/l", EntryKind.LINK),
        ]
        assert reported == sorted(reported)
        assert reported[-1] == len("a") + len("d/b")

    def test_copy_over_files_refused(
        self, storage: Storage, made: WorkspaceLocation, other_location: WorkspaceLocation
    ) -> None:
        """A copy into a workspace with files is refused, and changes nothing."""
        storage.write(made, "a", [b"1"])
        storage.create(other_location)
        storage.write(other_location, "a", [b"2"])
        with pytest.raises(StorageError):
            storage.copy(made, other_location, progress=_ignore)
        assert read(storage, other_location, "a") == b"2"

    def test_copy_source_missing(
        self, storage: Storage, location: WorkspaceLocation, other_location: WorkspaceLocation
    ) -> None:
        """Without a source there is no copy."""
        with pytest.raises(PathNotFound):
            storage.copy(location, other_location, progress=_ignore)

    def test_locate_absolute_and_one_each(
        self, storage: Storage, made: WorkspaceLocation, other_location: WorkspaceLocation
    ) -> None:
        """Every workspace has a path of its own."""
        assert storage.locate(made).is_absolute()
        assert storage.locate(made) == storage.locate(made)
        assert storage.locate(made) != storage.locate(other_location)


def _broken_off() -> Iterator[bytes]:
    yield b"half"
    raise ConnectionResetError


def _ignore(_copied: int) -> None:
    """Ignore the progress."""
