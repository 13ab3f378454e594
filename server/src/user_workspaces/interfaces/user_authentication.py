"""What a plug-in must offer so that people can sign in and own an account of the operating system."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from user_workspaces.interfaces.plugin import Plugin
from user_workspaces.interfaces.values import Identity, SystemAccount


@dataclass(frozen=True, slots=True)
class Redirect:
    """The way to another site where people log in; `state` comes back from there, and is good once."""

    auth_uri: str
    state: str


class UserAuthentication(Plugin):
    """Turns credentials into an identity, and an identity into a system account."""

    @property
    def issuer(self) -> str:
        """Who vouches for the identities of this plug-in: the `issuer` of each of them."""
        return self.context.name

    @property
    def uses_redirect(self) -> bool:
        """Whether people log in at another site: then the portal offers that way."""
        return False

    def redirect(self, credentials: Mapping[str, object]) -> Redirect | None:
        """Begin a log-in at another site, for credentials that ask for one (`{"redirect_url": ...}`).

        None: these do not. `authenticate` is then given `{"redirect_url", "code", "state"}`. Raises
        `InvalidRequest`, and `ResourceUnavailable` when the other site does not answer.
        """
        return None

    @abstractmethod
    def authenticate(self, credentials: Mapping[str, object]) -> Identity | None:
        """Return who brought these credentials (the JSON body of `POST /tokens/`).

        None: these are not credentials of this kind. Raises `InvalidRequest` for a missing or malformed
        field, `AuthenticationRejected` for bad credentials, `NotAllowed` for good ones without the right.
        """

    @abstractmethod
    def account_for(self, identity: Identity) -> SystemAccount:
        """Return the person's account, creating it where the site wants that; calling it twice is safe.

        Never root, never a uid below 1000, never a service's account: `NotAllowed`.
        """
