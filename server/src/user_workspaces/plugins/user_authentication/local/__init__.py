"""People whom a trusted client vouches for, with accounts of this machine."""

from user_workspaces.plugins.user_authentication.local.plugin import LocalUserAuthentication

__all__ = ["LocalUserAuthentication"]
