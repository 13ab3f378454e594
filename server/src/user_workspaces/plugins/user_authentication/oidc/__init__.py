"""Users who log in at a provider of OpenID Connect."""

from user_workspaces.plugins.user_authentication.oidc.plugin import OIDCUserAuthentication

__all__ = ["OIDCUserAuthentication"]
