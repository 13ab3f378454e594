"""Users named by a trusted client, with accounts on this machine."""

from user_workspaces.plugins.user_authentication.local.plugin import LocalUserAuthentication

__all__ = ["LocalUserAuthentication"]
