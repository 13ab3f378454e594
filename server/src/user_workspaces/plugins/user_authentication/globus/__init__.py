"""Users who log in with Globus."""

from user_workspaces.plugins.user_authentication.globus.plugin import GlobusUserAuthentication

__all__ = ["GlobusUserAuthentication"]
