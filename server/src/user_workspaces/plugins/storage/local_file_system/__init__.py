"""Storage in directories of a mounted file system."""

from user_workspaces.plugins.storage.local_file_system.plugin import LocalFileSystemStorage

__all__ = ["LocalFileSystemStorage"]
