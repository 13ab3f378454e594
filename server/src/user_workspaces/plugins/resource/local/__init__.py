"""A resource that runs jobs as processes of this machine."""

from user_workspaces.plugins.resource.local.plugin import LocalResource

__all__ = ["LocalResource"]
