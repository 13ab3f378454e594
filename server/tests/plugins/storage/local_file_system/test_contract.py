"""The built-in storage keeps the contract of all storages."""

from user_workspaces.testing.storage_contract import StorageContract


class TestLocalFileSystemStorage(StorageContract):
    """With the fixtures of this folder."""
