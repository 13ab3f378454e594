"""The ways to log in at another site that the log-in page offers."""

from dataclasses import dataclass

from user_workspaces import registry


@dataclass(frozen=True, slots=True)
class LoginProvider:
    """One of them: its id in the configuration, and its name for people."""

    authentication: str
    name: str


def login_providers() -> list[LoginProvider]:
    """Return all of them, in the order of the configuration."""
    names = registry.site().user_authentications
    plugins = registry.current().user_authentications.items()
    return [LoginProvider(name, names.get(name, name)) for name, plugin in plugins if plugin.uses_redirect]
