"""The built-in storage keeps the contract of all storages."""

import pytest

from user_workspaces.testing.storage_contract import StorageContract

pytestmark = pytest.mark.slow


class TestLocalFileSystemStorage(StorageContract):
    """With the fixtures of this folder."""
