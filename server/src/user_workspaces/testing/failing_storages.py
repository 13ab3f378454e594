"""Storages that fail at one point; the name of the class is the scenario."""

from collections.abc import Callable, Iterable

from user_workspaces.errors import StorageError
from user_workspaces.interfaces.values import Health, PluginContext, WorkspaceLocation
from user_workspaces.testing.fake_storage import Entries, FakeStorageOptions, InMemoryStorage


class StorageThatFailsOnWrite(InMemoryStorage):
    """The disk is full."""

    def write(
        self, location: WorkspaceLocation, path: str, chunks: Iterable[bytes], *, expecting: str | None = None
    ) -> int:
        """Read all chunks, and fail."""
        super().write(location, path, chunks)
        self.remove(location, path)
        raise StorageError("The disk is full.")


class StorageThatFailsDuringCopy(InMemoryStorage):
    """A copy that fails with half of the files."""

    def copy(self, source: WorkspaceLocation, target: WorkspaceLocation, *, progress: Callable[[int], None]) -> None:
        """Copy all files, remove half of them, and fail."""
        super().copy(source, target, progress=progress)
        for entry in list(self.tree(target))[::2]:
            self.remove(target, entry.path)
        raise StorageError("The disk is full.")


class StorageThatDeletesAtTheSecondAttempt(InMemoryStorage):
    """A workspace that is in use at the first attempt."""

    def __init__(self, context: PluginContext, options: FakeStorageOptions) -> None:
        super().__init__(context, options)
        self._attempted = set[str]()

    def delete(self, location: WorkspaceLocation) -> None:
        """Fail at the first attempt for each workspace."""
        if location.directory not in self._attempted:
            self._attempted.add(location.directory)
            raise StorageError("The workspace is in use.")
        super().delete(location)


class StorageThatIsAway(InMemoryStorage):
    """The file system is not mounted."""

    def check(self) -> Health:
        """Unhealthy."""
        return Health(connected=False, message="The storage has no root directory.")

    def workspace(self, location: WorkspaceLocation) -> Entries:
        raise StorageError(f"{location.directory}: The file system is not responding.")
