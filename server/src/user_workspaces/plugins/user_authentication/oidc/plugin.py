"""`OIDCUserAuthentication`: login at any OpenID Connect provider that supports discovery."""

import time
from collections.abc import Mapping
from threading import Lock

from user_workspaces.errors import (
    AuthenticationRejected,
    InvalidRequest,
    ResourceUnavailable,
)
from user_workspaces.interfaces.homes import Homes
from user_workspaces.interfaces.pending_login import (
    INCORRECT_CREDENTIALS,
    PendingLogin,
    pop_pending_login,
    redirect_url_in,
    save_pending_login,
    text_in,
)
from user_workspaces.interfaces.plugin import PluginOptions
from user_workspaces.interfaces.system_accounts import personal_account
from user_workspaces.interfaces.user_authentication import Redirect, UserAuthentication
from user_workspaces.interfaces.values import Health, Identity, PluginContext, SystemAccount
from user_workspaces.plugins.user_authentication.oidc.flow import CodeFlow
from user_workspaces.plugins.user_authentication.oidc.options import OIDCOptions
from user_workspaces.plugins.user_authentication.oidc.users import UserRules

HEALTHY_SECONDS = 60.0
UNHEALTHY_SECONDS = 15.0  # shorter, so that a recovery is soon noticed


class OIDCUserAuthentication(UserAuthentication):
    """Takes `{"redirect_url"}`, which starts a login at the provider, and then `{"redirect_url", "code", "state"}`."""

    Options = OIDCOptions

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self._homes = Homes(context.accounts)
        assert isinstance(options, OIDCOptions)  # noqa: S101  the registry validated it with our own model
        self._details = options.connection_details
        self._flow = CodeFlow(self._details, self._details.client_secret())
        self._users = UserRules(self._details, context.base_dir)
        self._allowed = {*self._details.allowed_redirect_urls, *filter(None, [context.callback_url])}
        self._lock, self._health, self._next_check = Lock(), Health(connected=False), 0.0

    @property
    def issuer(self) -> str:
        """The provider's issuer."""
        return self._details.issuer

    @property
    def uses_redirect(self) -> bool:
        """Always True: users log in at the provider."""
        return True

    def redirect(self, credentials: Mapping[str, object]) -> Redirect | None:
        """Return the redirect to the provider for `{"redirect_url": ...}`."""
        if credentials.get("code"):
            return None
        started = self._flow.begin(redirect_url_in(credentials, allowed=self._allowed))
        self._flow.provider.metadata()  # fails before a state is stored if the provider is down
        state = save_pending_login(self.context, started)
        return Redirect(auth_uri=self._flow.address(started, state), state=state)

    def authenticate(self, credentials: Mapping[str, object]) -> Identity | None:
        """Take `{"redirect_url", "code", "state"}`, and `iss` if the provider sends it."""
        redirect_url = redirect_url_in(credentials, allowed=self._allowed)
        code, state = text_in(credentials, "code"), text_in(credentials, "state")
        if not code:
            raise InvalidRequest("Missing code.")
        # A state is deleted first: if a later check fails, the same response is not accepted again.
        started = self._pending(state, redirect_url)
        self._check_issuer(text_in(credentials, "iss"), at_portal=redirect_url == self.context.callback_url)
        return self._users.identity(self._flow.claims(code, started))

    def _pending(self, state: str, redirect_url: str) -> PendingLogin:
        if state:
            return pop_pending_login(self.context, state=state, redirect_url=redirect_url)
        if not self._details.accept_missing_state:
            raise InvalidRequest("Missing state.")
        return PendingLogin(redirect_url, self._flow.lasting_verifier(redirect_url))

    def _check_issuer(self, named: str, *, at_portal: bool) -> None:
        """Reject the response of another provider before its code is sent anywhere (mix-up attack)."""
        is_missing = not named and at_portal and self._flow.provider.metadata().names_itself
        if is_missing or (named and named != self._details.issuer):
            raise AuthenticationRejected(INCORRECT_CREDENTIALS)

    def account_for(self, identity: Identity) -> SystemAccount:
        """Return the system account of that name; raises `NotAllowed` if the machine has none."""
        return personal_account(self._users.account_name(identity))

    def check(self) -> Health:
        """Return the provider's health, cached for up to a minute."""
        # The lock is held during the request, so that concurrent checks cause only one.
        with self._lock:
            if time.monotonic() >= self._next_check:
                try:
                    self._flow.provider.metadata(not_older_than=HEALTHY_SECONDS)
                    self._health, kept = (
                        Health(connected=True, message="Users log in at the provider."),
                        HEALTHY_SECONDS,
                    )
                except ResourceUnavailable as error:
                    self._health, kept = Health(connected=False, message=error.message), UNHEALTHY_SECONDS
                self._next_check = time.monotonic() + kept
            health = self._health
        return self._homes.add_to(health)
