"""Contract tests for single entries: stat, list, move, conditional writes. Part of `StorageContract`."""

from collections.abc import Iterator

import pytest

from user_workspaces.errors import Conflict, PathNotFound, StorageError, UnsafePath
from user_workspaces.interfaces.storage import NOTHING, Order, Storage
from user_workspaces.interfaces.values import EntryKind, WorkspaceLocation
from user_workspaces.testing.storage_paths import ESCAPES, NAMES
from user_workspaces.testing.storage_reading import listing, read


class FilesContract:
    """The tests; see `storage_contract` for the fixtures."""

    def test_copy_of_a_file_is_a_file_of_its_own(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Later writes to one do not change the other."""
        storage.write(made, "d/a", [b"12345"])
        assert storage.copy_file(made, "d/a", made, "e/f/b", most=100) == len(b"12345")
        storage.write(made, "d/a", [b"old"])
        storage.write(made, "x", [b"new"])
        assert (read(storage, made, "e/f/b"), read(storage, made, "d/a")) == (b"12345", b"old")
        storage.copy_file(made, "x", made, "e/f/b", most=100)
        assert read(storage, made, "e/f/b") == b"new"

    def test_copied_file_is_bounded(self, storage: Storage, made: WorkspaceLocation) -> None:
        """A file may grow after its size was read."""
        storage.write(made, "a", [b"12345"])
        assert storage.copy_file(made, "a", made, "b", most=3) == len(b"123")
        assert read(storage, made, "b") == b"123"
        assert storage.copy_file(made, "a", made, "c", most=0) == 0

    def test_copy_of_what_is_no_file(self, storage: Storage, made: WorkspaceLocation, dataset: str) -> None:
        """Links are not followed; folders are neither copied nor replaced."""
        storage.write(made, "d/a", [b"1"])
        storage.link(made, "l", dataset)
        for path in ("missing", "d", "d/missing"):
            with pytest.raises(PathNotFound):
                storage.copy_file(made, path, made, "b", most=100)
        with pytest.raises((PathNotFound, UnsafePath)):
            storage.copy_file(made, "l", made, "b", most=100)
        with pytest.raises(StorageError):
            storage.copy_file(made, "d/a", made, "d", most=100)
        assert "b" not in {path for path, _ in listing(storage, made)}

    def test_stat_kinds(self, storage: Storage, made: WorkspaceLocation, dataset: str) -> None:
        """Entries have their kind, links too; the empty path is the workspace."""
        storage.write(made, "d/a", [b"12345"])
        storage.link(made, "l", dataset)
        found = {path: storage.stat(made, path) for path in ("", "d", "d/a", "l")}
        kinds = [EntryKind.DIRECTORY, EntryKind.DIRECTORY, EntryKind.FILE, EntryKind.LINK]
        assert [entry.kind for entry in found.values()] == kinds
        assert [entry.path for entry in found.values()] == ["", "d", "d/a", "l"]
        assert (found["d/a"].size, found["d"].size) == (5, 0)

    @pytest.mark.parametrize("path", ["missing", "d/missing", "d/a/b"])
    def test_stat_missing(self, storage: Storage, made: WorkspaceLocation, path: str) -> None:
        """A missing entry is not found, also below a file."""
        storage.write(made, "d/a", [b"1"])
        with pytest.raises(PathNotFound):
            storage.stat(made, path)

    def test_version_of_each_content(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Other content has another version, the same in all methods."""
        storage.write(made, "a", [b"1"])
        old = storage.stat(made, "a").version
        entry, file = storage.open_entry(made, "a")
        file.close()
        (listed,) = storage.entries(made, "").entries
        assert old != NOTHING
        assert (entry.version, listed.version, storage.stat(made, "a").version) == (old, old, old)
        storage.write(made, "a", [b"2"])
        assert storage.stat(made, "a").version != old

    def test_open_entry_belongs_to_its_content(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Entry and content belong together."""
        storage.write(made, "d/a", [b"12345"])
        entry, file = storage.open_entry(made, "d/a")
        with file:
            assert (entry.path, entry.size, file.read()) == ("d/a", 5, b"12345")

    def test_entries_of_one_directory(self, storage: Storage, made: WorkspaceLocation, dataset: str) -> None:
        """Direct entries only, sorted by name, with paths relative to the workspace."""
        for path in ("d/b", "d/a", "d/sub/x", "d/.dot", "e/y", "d.txt"):
            storage.write(made, path, [b"1"])
        storage.link(made, "d/l", dataset)
        found = storage.entries(made, "d")
        assert [entry.path for entry in found.entries] == ["d/.dot", "d/a", "d/b", "d/l", "d/sub"]
        assert found.total == len(found.entries)
        assert [entry.path for entry in storage.entries(made, "").entries] == ["d", "d.txt", "e"]

    def test_entries_in_parts(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Offset and limit apply after sorting; the total counts all."""
        for path in ("a", "b/x", "c", "d/x"):
            storage.write(made, path, [b"1"])
        part = storage.entries(made, "", offset=1, limit=2)
        assert ([entry.path for entry in part.entries], part.total) == (["b", "c"], 4)
        ordered = storage.entries(made, "", directories_first=True)
        assert [entry.path for entry in ordered.entries] == ["b", "d", "a", "c"]
        assert storage.entries(made, "", offset=9).entries == ()
        storage.write(made, ".dot", [b"1"])
        assert storage.entries(made, "", hidden=False, limit=1).total == len(ordered.entries)
        assert storage.entries(made, "").total == len(ordered.entries) + 1
        assert storage.entries(made, "b", limit=0).entries == ()

    def test_entries_in_other_orders(self, storage: Storage, made: WorkspaceLocation) -> None:
        """By size and time, in both directions, optionally directories first; ties by name."""
        for path, size in (("d/x", 1), ("small", 1), ("large", 9), ("also", 1)):
            storage.write(made, path, [b"x" * size])

        def names(order: Order, *, descending: bool, directories_first: bool = False) -> list[str]:
            found = storage.entries(
                made, "", order=order, descending=descending, directories_first=directories_first, limit=4
            )
            return [entry.path for entry in found.entries]

        assert names(Order.NAME, descending=True) == ["small", "large", "d", "also"]
        assert names(Order.SIZE, descending=True) == ["large", "also", "small", "d"]
        assert names(Order.SIZE, descending=False, directories_first=True) == ["d", "also", "small", "large"]
        newest = names(Order.MODIFIED, descending=True)
        times = [storage.stat(made, path).modified for path in newest]
        assert times == sorted(times, reverse=True)

    def test_entries_of_no_directory(self, storage: Storage, made: WorkspaceLocation, dataset: str) -> None:
        """Files, links and missing paths cannot be listed or walked."""
        storage.write(made, "a", [b"1"])
        storage.link(made, "l", dataset)
        for path, error in (("a", PathNotFound), ("missing", PathNotFound), ("l", UnsafePath)):
            with pytest.raises(error):
                storage.entries(made, path)
            with pytest.raises(error):
                list(storage.tree(made, path))

    def test_tree_below_a_directory(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Only that directory is walked; paths are relative to the workspace."""
        for path in ("d/b/c", "d/a", "e/x"):
            storage.write(made, path, [b"1"])
        assert [entry.path for entry in storage.tree(made, "d")] == ["d/a", "d/b", "d/b/c"]

    def test_move_file_and_directory(self, storage: Storage, made: WorkspaceLocation, dataset: str) -> None:
        """Files, directory trees and links themselves are moved."""
        storage.write(made, "a", [b"1"])
        storage.write(made, "d/b/c", [b"2"])
        storage.link(made, "l", dataset)
        storage.move(made, "a", "new/deep/a2")
        storage.move(made, "d", "new/d")
        storage.move(made, "l", "new/l")
        assert listing(storage, made) == [
            ("new", EntryKind.DIRECTORY),
            ("new/d", EntryKind.DIRECTORY),
            ("new/d/b", EntryKind.DIRECTORY),
            ("new/d/b/c", EntryKind.FILE),
            ("new/deep", EntryKind.DIRECTORY),
            ("new/deep/a2", EntryKind.FILE),
            ("new/l", EntryKind.LINK),
        ]

    def test_move_missing_makes_nothing(self, storage: Storage, made: WorkspaceLocation) -> None:
        """A missing entry cannot be moved, and no directory is created."""
        with pytest.raises(PathNotFound):
            storage.move(made, "missing", "x/y")
        assert listing(storage, made) == []

    def test_move_to_taken_path_refused(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Without `overwrite`, nothing is replaced."""
        storage.write(made, "a", [b"1"])
        storage.write(made, "b", [b"2"])
        for new_path in ("b", "a"):
            with pytest.raises(Conflict):
                storage.move(made, "a", new_path)
        assert (read(storage, made, "a"), read(storage, made, "b")) == (b"1", b"2")

    def test_move_overwrites_a_file(self, storage: Storage, made: WorkspaceLocation, dataset: str) -> None:
        """With `overwrite`, a file or link is replaced."""
        storage.write(made, "a", [b"1"])
        storage.write(made, "b", [b"2"])
        storage.link(made, "l", dataset)
        storage.move(made, "a", "b", overwrite=True)
        storage.move(made, "b", "l", overwrite=True)
        assert read(storage, made, "l") == b"1"
        assert listing(storage, made) == [("l", EntryKind.FILE)]

    @pytest.mark.parametrize("overwrite", [False, True])
    def test_move_never_replaces_a_directory(
        self, storage: Storage, made: WorkspaceLocation, *, overwrite: bool
    ) -> None:
        """Not even an empty one, or by a directory; and a directory does not replace a file."""
        storage.write(made, "a", [b"1"])
        storage.write(made, "d/x", [b"2"])
        storage.make_directory(made, "empty")
        for path, new_path in (("a", "empty"), ("d", "empty"), ("d", "a"), ("a", "d"), ("empty", "empty")):
            with pytest.raises(Conflict):
                storage.move(made, path, new_path, overwrite=overwrite)
        assert [path for path, _ in listing(storage, made)] == ["a", "d", "d/x", "empty"]

    def test_move_into_itself_refused(self, storage: Storage, made: WorkspaceLocation) -> None:
        """A directory cannot be moved into itself."""
        storage.write(made, "d/x", [b"1"])
        for new_path in ("d/e", "d/x/y"):
            with pytest.raises(Conflict):
                storage.move(made, "d", new_path)
        assert [path for path, _ in listing(storage, made)] == ["d", "d/x"]

    def test_make_directory(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Parents are created; an existing path is refused."""
        storage.make_directory(made, "a/b")
        storage.write(made, "f", [b"1"])
        assert storage.stat(made, "a/b").kind is EntryKind.DIRECTORY
        for path in ("a/b", "f", "f/x"):
            with pytest.raises(Conflict):
                storage.make_directory(made, path)

    @pytest.mark.parametrize("name", NAMES)
    def test_unusual_names_everywhere(self, storage: Storage, made: WorkspaceLocation, name: str) -> None:
        """Names are kept unchanged."""
        storage.make_directory(made, "d")
        storage.write(made, name, [b"1"])
        storage.move(made, name, f"d/{name}")
        assert [entry.path for entry in storage.entries(made, "d").entries] == [f"d/{name}"]
        assert storage.stat(made, f"d/{name}").size == 1

    @pytest.mark.parametrize("path", [path for path in ESCAPES if path])
    def test_escapes_refused_everywhere(self, storage: Storage, made: WorkspaceLocation, path: str) -> None:
        """Every operation rejects paths that leave the workspace or are invalid."""
        storage.write(made, "a", [b"1"])
        for attempt in (
            lambda: storage.stat(made, path),
            lambda: storage.entries(made, path),
            lambda: list(storage.tree(made, path)),
            lambda: storage.open_entry(made, path),
            lambda: storage.make_directory(made, path),
            lambda: storage.move(made, path, "b"),
            lambda: storage.move(made, "a", path, overwrite=True),
            lambda: storage.begin_upload(made, path, length=1),
        ):
            with pytest.raises(UnsafePath):
                attempt()
        assert listing(storage, made) == [("a", EntryKind.FILE)]

    def test_write_expecting_what_is_there(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Only the expected version is replaced; otherwise the chunks are not read."""
        storage.write(made, "a", [b"1"], expecting=NOTHING)
        version = storage.stat(made, "a").version
        storage.write(made, "a", [b"2"], expecting=version)
        for expecting in (version, NOTHING, "made-up"):
            with pytest.raises(Conflict):
                storage.write(made, "a", _unread(), expecting=expecting)
        with pytest.raises(Conflict):
            storage.write(made, "b", _unread(), expecting=version)
        assert read(storage, made, "a") == b"2"
        assert listing(storage, made) == [("a", EntryKind.FILE)]

    def test_write_expecting_what_changes_meanwhile(self, storage: Storage, made: WorkspaceLocation) -> None:
        """A concurrent write wins: its content stays."""

        def chunks() -> Iterator[bytes]:
            yield b"mine"
            storage.write(made, "a", [b"theirs"])

        with pytest.raises(StorageError):
            storage.write(made, "a", chunks(), expecting=NOTHING)
        assert read(storage, made, "a") == b"theirs"
        assert listing(storage, made) == [("a", EntryKind.FILE)]


def _unread() -> Iterator[bytes]:
    pytest.fail("what cannot be written was read")
    yield b""
