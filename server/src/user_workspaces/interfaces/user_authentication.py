"""What a plug-in must offer so that people can sign in and own an account of the operating system."""

from abc import abstractmethod
from collections.abc import Mapping

from user_workspaces.interfaces.plugin import Plugin
from user_workspaces.interfaces.values import Identity, SystemAccount


class UserAuthentication(Plugin):
    """Turns credentials into an identity, and an identity into a system account."""

    @abstractmethod
    def authenticate(self, credentials: Mapping[str, object]) -> Identity | None:
        """Return who brought these credentials (the JSON body of `POST /tokens/`).

        None: these are not credentials of this kind. Raises `InvalidRequest` for a missing or malformed
        field, `AuthenticationRefused` for bad credentials, `NotAllowed` for good ones without the right.
        """

    @abstractmethod
    def account_for(self, identity: Identity) -> SystemAccount:
        """Return the person's account, creating it where the site wants that; calling it twice is safe.

        Never root, never a uid below 1000, never a service's account: `NotAllowed`.
        """
