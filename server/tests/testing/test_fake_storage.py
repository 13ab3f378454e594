"""The fake storage fulfils the contract; its variants fail as their names say."""

from pathlib import Path

import pytest

from user_workspaces.errors import StorageError
from user_workspaces.interfaces.storage import Storage
from user_workspaces.interfaces.values import PluginContext, SystemAccount, WorkspaceLocation
from user_workspaces.testing.failing_storages import (
    StorageThatDeletesAtTheSecondAttempt,
    StorageThatFailsDuringCopy,
    StorageThatFailsOnWrite,
    StorageThatIsAway,
)
from user_workspaces.testing.fake_storage import FakeStorageOptions, InMemoryStorage
from user_workspaces.testing.storage_contract import StorageContract, listing

pytestmark = pytest.mark.slow

CONTEXT = PluginContext("main", Path("/srv"), Path("/srv/data"), Path("/srv/run"), lambda _token: None)
OPTIONS = FakeStorageOptions(datasets=["/datasets/sky"])
ADA = SystemAccount(name="ada", uid=20_001, gid=20_001, home=Path("/home/ada"))
PLACE = WorkspaceLocation("ada/17", ADA)
COPY = WorkspaceLocation("ada/18", ADA)


class TestInMemoryStorage(StorageContract):
    """The contract of storages."""

    @pytest.fixture
    def storage(self) -> Storage:
        return InMemoryStorage(CONTEXT, OPTIONS)

    @pytest.fixture
    def location(self) -> WorkspaceLocation:
        return PLACE

    @pytest.fixture
    def other_location(self) -> WorkspaceLocation:
        return WorkspaceLocation("bob/18", SystemAccount(name="bob", uid=20_002, gid=20_002, home=Path("/home/bob")))

    @pytest.fixture
    def dataset(self) -> str:
        return "/datasets/sky"

    @pytest.fixture
    def outside(self) -> str:
        return "/etc/hostname"


def filled(storage: InMemoryStorage) -> InMemoryStorage:
    storage.create(PLACE)
    InMemoryStorage.write(storage, PLACE, "a", [b"1"])
    InMemoryStorage.write(storage, PLACE, "b", [b"2"])
    return storage


def test_failed_write_leaves_nothing() -> None:
    storage = StorageThatFailsOnWrite(CONTEXT, OPTIONS)
    storage.create(PLACE)
    with pytest.raises(StorageError, match="full"):
        storage.write(PLACE, "a", [b"1"])
    assert listing(storage, PLACE) == []


def test_failed_copy_leaves_a_part() -> None:
    storage = filled(StorageThatFailsDuringCopy(CONTEXT, OPTIONS))
    with pytest.raises(StorageError, match="full"):
        storage.copy(PLACE, COPY, progress=lambda _copied: None)
    assert [entry.path for entry in storage.tree(COPY)] == ["b"]


def test_delete_succeeds_at_the_second_attempt() -> None:
    storage = filled(StorageThatDeletesAtTheSecondAttempt(CONTEXT, OPTIONS))
    with pytest.raises(StorageError, match="in use"):
        storage.delete(PLACE)
    assert len(listing(storage, PLACE)) == 2
    storage.delete(PLACE)
    storage.create(PLACE)
    assert listing(storage, PLACE) == []


def test_unreachable_storage_is_reported() -> None:
    storage = StorageThatIsAway(CONTEXT, OPTIONS)
    assert not storage.check().connected
    with pytest.raises(StorageError, match="is not responding"):
        storage.write(PLACE, "a", [b"1"])
