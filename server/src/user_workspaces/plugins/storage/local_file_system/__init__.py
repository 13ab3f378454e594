"""Workspaces in directories of a file system that this machine has mounted."""

from user_workspaces.plugins.storage.local_file_system.plugin import LocalFileSystemStorage

__all__ = ["LocalFileSystemStorage"]
