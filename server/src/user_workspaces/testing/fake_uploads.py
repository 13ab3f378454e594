"""In-memory uploads, a part of the fake storage."""

from abc import abstractmethod
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count

from user_workspaces.errors import Conflict, InvalidRequest, PathNotFound
from user_workspaces.interfaces.storage import FINISHED_UPLOAD_LIFETIME, UPLOAD_LIFETIME
from user_workspaces.interfaces.values import Entry, EntryKind, Upload, WorkspaceLocation


class InMemoryUploads:
    """The upload methods of a storage, based on its `write`."""

    _uploads: dict[tuple[str, str], tuple[Upload, bytearray]]

    @abstractmethod
    def write(
        self, location: WorkspaceLocation, path: str, chunks: Iterable[bytes], *, expecting: str | None = None
    ) -> int:
        """See `Storage.write`."""

    @abstractmethod
    def stat(self, location: WorkspaceLocation, path: str) -> Entry:
        """See `Storage.stat`."""

    def begin_upload(self, location: WorkspaceLocation, path: str, *, length: int, note: str = "") -> Upload:
        """See `Storage.begin_upload`."""
        self._require_target(location, path)
        number = next(_numbers)
        expires = datetime.now(UTC) + UPLOAD_LIFETIME
        upload = Upload(f"{number:032x}", path, length, 0, finished=False, expires=expires, note=note)
        self._uploads[location.directory, upload.id] = upload, bytearray()
        return self.append(location, upload.id, 0, [])

    def find_upload(self, location: WorkspaceLocation, upload_id: str) -> Upload:
        """See `Storage.find_upload`."""
        return self._found(location, upload_id)[0]

    def append(self, location: WorkspaceLocation, upload_id: str, offset: int, chunks: Iterable[bytes]) -> Upload:
        """See `Storage.append`."""
        upload, content = self._found(location, upload_id)
        if upload.finished:
            raise PathNotFound("No such upload.")
        if offset != len(content):
            raise Conflict(f"The upload is at byte {len(content)}, not at {offset}.")
        try:
            for chunk in chunks:
                if len(content) + len(chunk) > upload.length:
                    raise InvalidRequest("The upload is larger than its declared size.")
                content.extend(chunk)
        finally:
            upload = replace(upload, offset=len(content))
            self._uploads[location.directory, upload_id] = upload, content
        if upload.offset == upload.length:
            self.write(location, upload.path, [bytes(content)])
            expires = datetime.now(UTC) + FINISHED_UPLOAD_LIFETIME
            upload = replace(upload, finished=True, expires=expires)
            self._uploads[location.directory, upload_id] = upload, bytearray()
        return upload

    def cancel_upload(self, location: WorkspaceLocation, upload_id: str) -> None:
        """See `Storage.cancel_upload`."""
        self._found(location, upload_id)
        del self._uploads[location.directory, upload_id]

    def clear_uploads(self, location: WorkspaceLocation, *, now: datetime) -> datetime | None:
        """See `Storage.clear_uploads`."""
        self.stat(location, "")
        mine = {key: upload for key, (upload, _) in self._uploads.items() if key[0] == location.directory}
        for key, upload in mine.items():
            if upload.expires <= now:
                del self._uploads[key]
        return min((upload.expires for upload in mine.values() if upload.expires > now), default=None)

    def _require_target(self, location: WorkspaceLocation, path: str) -> None:
        names = path.split("/")
        with suppress(PathNotFound):
            self.stat(location, path)  # raises for an invalid path
        for depth in range(1, len(names) + 1):
            is_target = depth == len(names)
            try:
                kind = self.stat(location, "/".join(names[:depth])).kind
            except PathNotFound:
                self.stat(location, "")
                return
            if (kind is EntryKind.DIRECTORY) is is_target:
                raise Conflict(f"{path}: An entry of another kind has this path.")

    def _found(self, location: WorkspaceLocation, upload_id: str) -> tuple[Upload, bytearray]:
        self.stat(location, "")
        try:
            return self._uploads[location.directory, upload_id]
        except KeyError:
            raise PathNotFound("No such upload.") from None


_numbers = count(1)
