"""An authentication for tests: accepts every user name, and creates no account."""

import os
import pwd
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.user_authentication import UserAuthentication
from user_workspaces.interfaces.values import Health, Identity, PluginContext, SystemAccount


class SharedAccount(UserAuthentication):
    """Takes `{"username": ...}`; files belong to this process's account, or to `nobody` when it is root."""

    Options = PluginOptions

    @classmethod
    def build(cls, name: str) -> Self:
        """Build one without a configuration."""
        nowhere = Path("/nonexistent")
        context = PluginContext(
            name=name, base_dir=nowhere, data_dir=nowhere, runtime_dir=nowhere, find_client=lambda _: None
        )
        return cls(context, PluginOptions())

    def authenticate(self, credentials: Mapping[str, object]) -> Identity | None:
        """Accept every user name."""
        username = credentials.get("username")
        if not isinstance(username, str):
            return None
        return Identity(issuer=self.context.name, subject=username, username=username)

    def account_for(self, identity: Identity) -> SystemAccount:
        """Return the shared account."""
        entry = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        return SystemAccount(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, home=Path(entry.pw_dir))

    def check(self) -> Health:
        """Always healthy."""
        return Health(connected=True)
