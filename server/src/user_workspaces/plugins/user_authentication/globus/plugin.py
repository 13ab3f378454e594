"""`GlobusUserAuthentication`: a Globus token that a client already holds, or a login with Globus."""

import time
from collections.abc import Mapping
from threading import Lock
from typing import Any

from user_workspaces.errors import AuthenticationRejected, InvalidRequest, NotAllowed, ResourceUnavailable
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
from user_workspaces.interfaces.username_mapping import UsernameMapping
from user_workspaces.interfaces.values import Health, Identity, PluginContext, SystemAccount
from user_workspaces.plugins.user_authentication.globus.flow import CodeFlow
from user_workspaces.plugins.user_authentication.globus.options import ALL_OF_GROUPS, VIEW_GROUPS, GlobusOptions
from user_workspaces.plugins.user_authentication.globus.services import (
    ISSUER,
    NO_GROUP,
    check_groups,
    introspect,
    ping,
)

HEALTHY_SECONDS = 60.0
UNHEALTHY_SECONDS = 15.0  # shorter, so that a recovery is soon noticed
LONGEST_EMAIL = 254
LONGEST_NAME = 150


class GlobusUserAuthentication(UserAuthentication):
    """Takes `{"auth_token"}`; or `{"redirect_url"}` and then `{"redirect_url", "code", "state"}`."""

    Options = GlobusOptions

    def __init__(self, context: PluginContext, options: PluginOptions) -> None:
        super().__init__(context, options)
        self._homes = Homes(context.accounts)
        assert isinstance(options, GlobusOptions)  # noqa: S101  the registry validated it with our own model
        self._details = details = options.connection_details
        self._secret = details.client_secret()
        self._flow = CodeFlow(details, self._secret)
        file = context.base_dir / details.accounts_file if details.accounts_file else None
        self._named = UsernameMapping(details.accounts, file, details.username_domain)
        self._named.check()
        self._allowed = {*details.allowed_redirect_urls, *filter(None, [context.callback_url])}
        self._lock, self._health, self._next_check = Lock(), Health(connected=False), 0.0

    @property
    def issuer(self) -> str:
        """Globus Auth."""
        return ISSUER

    @property
    def uses_redirect(self) -> bool:
        """Always True: users log in at Globus."""
        return True

    def redirect(self, credentials: Mapping[str, object]) -> Redirect | None:
        """Return the redirect to Globus for `{"redirect_url": ...}`."""
        if credentials.get("code") or "redirect_url" not in credentials:
            return None
        started = self._flow.begin(redirect_url_in(credentials, allowed=self._allowed))
        state = save_pending_login(self.context, started)
        return Redirect(auth_uri=self._flow.address(started, state), state=state)

    def authenticate(self, credentials: Mapping[str, object]) -> Identity | None:
        """Take a token or an authorization code."""
        if "redirect_url" in credentials or "code" in credentials:
            return self._by_code(credentials)
        token = text_in(credentials, "auth_token")
        if not token:
            raise InvalidRequest("Missing auth_token.")
        # The token is sent in a header to Globus Groups, where other characters are invalid.
        if not token.isascii() or not token.isprintable() or " " in token:
            raise AuthenticationRejected(INCORRECT_CREDENTIALS)
        return self._by_token(token)

    def _by_token(self, token: str) -> Identity:
        found = introspect(token, client_id=self._details.client_id, secret=self._secret)
        scopes = str(found.get("scope", "")).split()
        if not set(scopes) & set(self._details.token_scopes):
            raise AuthenticationRejected(INCORRECT_CREDENTIALS)
        is_for_groups = bool({VIEW_GROUPS, ALL_OF_GROUPS} & set(scopes))
        self._check_groups(token if is_for_groups else "")
        return self._identity(found)

    def _by_code(self, credentials: Mapping[str, object]) -> Identity:
        redirect_url = redirect_url_in(credentials, allowed=self._allowed)
        code, state, issuer = (text_in(credentials, name) for name in ("code", "state", "iss"))
        if not code:
            raise InvalidRequest("Missing code.")
        started = self._pending(state, redirect_url)
        # Before the exchange: the code of another provider must not be sent to Globus (mix-up attack).
        if issuer and issuer != ISSUER:
            raise AuthenticationRejected(INCORRECT_CREDENTIALS)
        tokens = self._flow.tokens(code, started)
        found = introspect(tokens.identity, client_id=self._details.client_id, secret=self._secret)
        self._check_groups(tokens.groups)
        return self._identity(found)

    def _pending(self, state: str, redirect_url: str) -> PendingLogin:
        if state:
            return pop_pending_login(self.context, state=state, redirect_url=redirect_url)
        if not self._details.accept_missing_state:
            raise InvalidRequest("Missing state.")
        return self._flow.without_state(redirect_url)

    def _check_groups(self, token: str) -> None:
        """Raise `NotAllowed` unless the user is in an allowed group; without a token for groups, in none."""
        if self._details.allowed_groups is None:
            return
        if not token:
            raise NotAllowed(NO_GROUP)
        check_groups(token, allowed=self._details.allowed_groups)

    def _identity(self, found: Mapping[str, Any]) -> Identity:
        first, _, last = _text(found.get("name"), 2 * LONGEST_NAME).rpartition(" ")
        return Identity(
            issuer=ISSUER,
            subject=found["sub"],
            username=self._named.username(subject=found["sub"], provider_name=found.get("username")),
            email=_text(found.get("email"), LONGEST_EMAIL).replace(" ", ""),
            first_name=first[:LONGEST_NAME],
            last_name=last[:LONGEST_NAME],
            is_proven=True,
        )

    def account_for(self, identity: Identity) -> SystemAccount:
        """Return the system account of that name; raises `NotAllowed` if the machine has none."""
        subject = identity.subject if identity.issuer == ISSUER else None
        return personal_account(self._named.account_name(subject=subject, username=identity.username))

    def check(self) -> Health:
        """Return the health of Globus Auth, cached for up to a minute."""
        # The lock is held during the request, so that concurrent checks cause only one.
        with self._lock:
            if time.monotonic() >= self._next_check:
                try:
                    ping(self._details.client_id, self._secret)
                    self._health, kept = Health(connected=True, message="Users log in with Globus."), HEALTHY_SECONDS
                except (ResourceUnavailable, AuthenticationRejected):
                    self._health, kept = Health(connected=False, message="Globus is not responding."), UNHEALTHY_SECONDS
                self._next_check = time.monotonic() + kept
            health = self._health
        return self._homes.add_to(health)


def _text(value: object, most: int) -> str:
    return value if isinstance(value, str) and value.isprintable() and len(value) <= most else ""
