"""Contract tests for uploads in several requests. Part of `StorageContract`."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from user_workspaces.errors import Conflict, InvalidRequest, PathNotFound, StorageError
from user_workspaces.interfaces.storage import FINISHED_UPLOAD_LIFETIME, UPLOAD_LIFETIME, Storage
from user_workspaces.interfaces.values import EntryKind, WorkspaceLocation
from user_workspaces.testing.storage_reading import listing, read


class UploadsContract:
    """The tests; see `storage_contract` for the fixtures."""

    def test_upload_in_parts(self, storage: Storage, made: WorkspaceLocation) -> None:
        """The file appears, complete, with the last byte."""
        started = storage.begin_upload(made, "deep/er/a", length=6, note="as it was")
        assert (started.path, started.length, started.offset, started.finished) == ("deep/er/a", 6, 0, False)
        first = storage.append(made, started.id, 0, [b"1", b"23"])
        assert (first.offset, first.finished) == (3, False)
        assert listing(storage, made) == []
        assert storage.entries(made, "").total == 0
        found = storage.find_upload(made, started.id)
        assert (found.offset, found.note, found.length) == (3, "as it was", 6)
        last = storage.append(made, started.id, 3, [b"456"])
        assert (last.offset, last.finished) == (6, True)
        assert read(storage, made, "deep/er/a") == b"123456"

    def test_upload_of_nothing_is_finished_at_once(self, storage: Storage, made: WorkspaceLocation) -> None:
        """An empty file needs no bytes."""
        assert storage.begin_upload(made, "a", length=0).finished
        assert read(storage, made, "a") == b""

    def test_upload_finished_can_be_asked_about(self, storage: Storage, made: WorkspaceLocation) -> None:
        """A client that missed the last response finds the upload finished, and cannot append."""
        upload = storage.begin_upload(made, "a", length=1)
        storage.append(made, upload.id, 0, [b"1"])
        found = storage.find_upload(made, upload.id)
        assert (found.offset, found.finished) == (1, True)
        with pytest.raises(PathNotFound):
            storage.append(made, upload.id, 0, [b"2"])
        storage.cancel_upload(made, upload.id)
        assert read(storage, made, "a") == b"1"

    @pytest.mark.parametrize("offset", [0, 1, 3, 6, 7])
    def test_append_at_another_offset_refused(self, storage: Storage, made: WorkspaceLocation, offset: int) -> None:
        """Bytes are accepted at the current offset only."""
        upload = storage.begin_upload(made, "a", length=6)
        storage.append(made, upload.id, 0, [b"12"])
        with pytest.raises(Conflict):
            storage.append(made, upload.id, offset, [b"x"])
        assert storage.find_upload(made, upload.id).offset == len(b"12")

    def test_append_more_than_its_length_refused(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Bytes beyond the length are rejected."""
        upload = storage.begin_upload(made, "a", length=3)
        with pytest.raises(InvalidRequest):
            storage.append(made, upload.id, 0, [b"12", b"34"])
        assert storage.find_upload(made, upload.id).offset == len(b"12")
        assert listing(storage, made) == []

    def test_append_broken_off_keeps_what_came(self, storage: Storage, made: WorkspaceLocation) -> None:
        """The next request continues there."""
        upload = storage.begin_upload(made, "a", length=6)
        with suppress(ConnectionResetError):
            storage.append(made, upload.id, 0, _broken_off())
        assert storage.find_upload(made, upload.id).offset == len(b"half")
        assert storage.append(made, upload.id, 4, [b"56"]).finished
        assert read(storage, made, "a") == b"half56"

    def test_upload_replaces_file_and_link(self, storage: Storage, made: WorkspaceLocation, dataset: str) -> None:
        """As a write does; the target of a link is not changed."""
        storage.write(made, "a", [b"old"])
        storage.link(made, "l", dataset)
        for path in ("a", "l"):
            upload = storage.begin_upload(made, path, length=3)
            storage.append(made, upload.id, 0, [b"new"])
            assert read(storage, made, path) == b"new"
        assert listing(storage, made) == [("a", EntryKind.FILE), ("l", EntryKind.FILE)]

    @pytest.mark.parametrize("path", ["d", "d/a/b", "d/a/b/c", "l/a"])
    def test_upload_that_cannot_be_finished_is_refused(
        self, storage: Storage, made: WorkspaceLocation, dataset: str, path: str
    ) -> None:
        """Over a directory, below a file, through a link."""
        storage.write(made, "d/a", [b"1"])
        storage.link(made, "l", dataset)
        with pytest.raises(StorageError):
            storage.begin_upload(made, path, length=1)

    def test_upload_two_of_one_name(self, storage: Storage, made: WorkspaceLocation) -> None:
        """Each is complete; the last one stays."""
        first, second = (storage.begin_upload(made, "a", length=2) for _ in range(2))
        storage.append(made, first.id, 0, [b"1"])
        storage.append(made, second.id, 0, [b"22"])
        assert read(storage, made, "a") == b"22"
        storage.append(made, first.id, 1, [b"1"])
        assert read(storage, made, "a") == b"11"

    def test_cancel_forgets(self, storage: Storage, made: WorkspaceLocation) -> None:
        """The upload is gone; a second call raises."""
        upload = storage.begin_upload(made, "a", length=2)
        storage.append(made, upload.id, 0, [b"1"])
        storage.cancel_upload(made, upload.id)
        for attempt in (
            lambda: storage.cancel_upload(made, upload.id),
            lambda: storage.find_upload(made, upload.id),
            lambda: storage.append(made, upload.id, 1, [b"2"]),
        ):
            with pytest.raises(PathNotFound):
                attempt()
        assert listing(storage, made) == []

    @pytest.mark.parametrize("upload_id", ["", "x", "..", "0" * 32, "../../etc/passwd", "0" * 5000, "\0", "\udc80"])
    def test_upload_unknown(self, storage: Storage, made: WorkspaceLocation, upload_id: str) -> None:
        """An unknown ID is not found."""
        storage.begin_upload(made, "a", length=2)
        for attempt in (
            lambda: storage.find_upload(made, upload_id),
            lambda: storage.append(made, upload_id, 0, [b"1"]),
            lambda: storage.cancel_upload(made, upload_id),
        ):
            with pytest.raises(PathNotFound):
                attempt()

    def test_upload_of_another_workspace_unknown(
        self, storage: Storage, made: WorkspaceLocation, other_location: WorkspaceLocation
    ) -> None:
        """An ID is valid in its workspace only."""
        storage.create(other_location)
        upload = storage.begin_upload(made, "a", length=2)
        with pytest.raises(PathNotFound):
            storage.find_upload(other_location, upload.id)

    def test_upload_counts_on_disk_until_cleared(self, storage: Storage, made: WorkspaceLocation) -> None:
        """An unfinished upload is removed when it expires, not before."""
        now = datetime.now(UTC)
        assert storage.clear_uploads(made, now=now) is None
        left = storage.begin_upload(made, "a", length=2)
        done = storage.begin_upload(made, "b", length=0)
        again = storage.clear_uploads(made, now=now)
        assert again is not None
        assert abs(again - now - FINISHED_UPLOAD_LIFETIME) < timedelta(minutes=1)
        storage.clear_uploads(made, now=now + UPLOAD_LIFETIME - timedelta(minutes=1))
        assert storage.find_upload(made, left.id).offset == 0
        with pytest.raises(PathNotFound):
            storage.find_upload(made, done.id)
        assert storage.clear_uploads(made, now=now + UPLOAD_LIFETIME + timedelta(minutes=1)) is None
        with pytest.raises(PathNotFound):
            storage.find_upload(made, left.id)
        assert read(storage, made, "b") == b""

    def test_upload_needs_a_workspace(self, storage: Storage, location: WorkspaceLocation) -> None:
        """Without a workspace, no upload starts."""
        with pytest.raises(PathNotFound):
            storage.begin_upload(location, "a", length=1)
        with pytest.raises(PathNotFound):
            storage.clear_uploads(location, now=datetime.now(UTC))


def _broken_off() -> Iterator[bytes]:
    yield b"half"
    raise ConnectionResetError
