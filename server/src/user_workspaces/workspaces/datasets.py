"""Lists the datasets that a user can link to."""

from user_workspaces import registry
from user_workspaces.accounts.actions import system_account
from user_workspaces.accounts.models import User
from user_workspaces.errors import NotFound
from user_workspaces.interfaces.storage import Dataset


def has_datasets(storage: str) -> bool:
    """Return True if workspaces on this storage can link to datasets."""
    plugins = registry.current().storages
    return storage in plugins and plugins.get(storage).has_datasets


def datasets_for(user: User, *, storage: str, path: str, limit: int) -> tuple[Dataset, ...]:
    """Return the entries of a directory of datasets that a user may see; an empty path means the roots.

    Raises `NotFound` where there are none, `PathNotFound` for what cannot be listed.
    """
    if not has_datasets(storage):
        raise NotFound("This server has no datasets.")
    site = registry.site().storages[storage]
    account = system_account(user=user, user_authentication=site.user_authentication)
    return registry.current().storages.get(storage).datasets(account, path, limit=limit)
