"""Login providers: the authentications that the login page offers by redirect."""

from dataclasses import dataclass

from user_workspaces import registry


@dataclass(frozen=True, slots=True)
class LoginProvider:
    """A login provider: its id in the configuration and its display name."""

    authentication: str
    name: str


def login_providers() -> list[LoginProvider]:
    """Return all login providers, in the order of the configuration."""
    names = registry.site().user_authentications
    plugins = registry.current().user_authentications.items()
    return [LoginProvider(name, names.get(name, name)) for name, plugin in plugins if plugin.uses_redirect]
