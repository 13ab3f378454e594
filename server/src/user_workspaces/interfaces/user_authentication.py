"""The interface of authentication plug-ins: credentials to identities, identities to system accounts."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from user_workspaces.interfaces.plugin import Plugin
from user_workspaces.interfaces.values import Identity, SystemAccount


@dataclass(frozen=True, slots=True)
class Redirect:
    """A redirect to an external login page; the page sends `state` back, which is valid once."""

    auth_uri: str
    state: str


class UserAuthentication(Plugin):
    """Maps credentials to an identity, and an identity to a system account.

    Every web process has an instance: what must outlive a request is kept with `context.remember`, not in memory.
    """

    @property
    def issuer(self) -> str:
        """The `issuer` of every identity of this plug-in."""
        return self.context.name

    @property
    def uses_redirect(self) -> bool:
        """True if users log in at an external provider; the portal then offers it on its login page."""
        return False

    def redirect(self, credentials: Mapping[str, object]) -> Redirect | None:
        """Start a login at an external provider, for credentials that request one (`{"redirect_url": ...}`).

        Returns None for other credentials. `authenticate` then gets `{"redirect_url", "code", "state"}`. Raises
        `InvalidRequest`, and `ResourceUnavailable` if the provider does not respond.
        """
        return None

    @abstractmethod
    def authenticate(self, credentials: Mapping[str, object]) -> Identity | None:
        """Return the identity of these credentials (the JSON body of `POST /tokens/`).

        Returns None for credentials of another kind. Raises `InvalidRequest` for a missing or malformed field,
        `AuthenticationRejected` for wrong credentials, `NotAllowed` for a user who may not log in, and
        `ResourceUnavailable` if an external provider does not respond.
        """

    @abstractmethod
    def account_for(self, identity: Identity) -> SystemAccount:
        """Return the user's system account, creating it if so configured; idempotent.

        Raises `NotAllowed` for root, a uid below 1000, and the account of a service.
        """
