"""Login at an external provider: a redirect to it, and a callback with an authorization code.

A link starts the login, because the policy `form-action` forbids that a form redirects to another origin. The callback
is accepted only from the browser that started the login: a cookie is bound to the state, so that a prepared callback
link cannot log in a user under another account (login CSRF).
"""

import hashlib
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from user_workspaces import registry
from user_workspaces.accounts.login import begin_external_login, finish_external_login
from user_workspaces.accounts.password_logins import ADMINISTRATORS_REJECTED, is_kept_out
from user_workspaces.accounts.rate_limit import client_network_of
from user_workspaces.errors import UserWorkspacesError
from user_workspaces.jobs.tickets import own_cookie
from user_workspaces.portal import errors
from user_workspaces.portal.auth.login import BACKEND, continue_to
from user_workspaces.portal.auth.providers import login_providers
from user_workspaces.portal.redirects import next_path

COOKIE = "sign-in-"
COOKIE_SECONDS = 600
COOKIE_PATH = "/login/with/"
NOT_STARTED = "This login was not started in this browser, or it has expired. Please log in again."
CANCELLED = "The login service did not log you in. Please log in again."


@require_http_methods(["GET", "HEAD"])
@never_cache
def begin(request: HttpRequest, authentication: str) -> HttpResponse:
    """Redirect to the provider, from the host name of the callback: otherwise the cookie would be lost."""
    if not _is_offered(authentication):
        return errors.not_found(request)
    base = registry.site().base_url
    # The callback URL has the host of `base_url`; a cookie set under another host would not come back.
    if request.get_host().lower() != urlsplit(base).netloc.lower():
        return HttpResponseRedirect(f"{base}{request.get_full_path()}")
    try:
        redirect_to = begin_external_login(
            credentials={"redirect_url": registry.callback_url(base, authentication)},
            address=client_network_of(request),
            now=timezone.now(),
            authentication=authentication,
        )
    except UserWorkspacesError as error:
        return errors.response_for(request, error, fragment=False)
    if redirect_to is None:
        return errors.not_found(request)
    response = HttpResponseRedirect(redirect_to.auth_uri)
    response.set_signed_cookie(
        _cookie(redirect_to.state),
        next_path(request),
        # The salt binds the signature to provider and state: the cookie of another login does not verify.
        salt=f"{authentication}:{redirect_to.state}",
        max_age=COOKIE_SECONDS,
        path=_cookie_path(),
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        # The provider redirects back from its own site, and browsers withhold `Strict` cookies then.
        samesite="Lax",
    )
    return response


@sensitive_variables()
@require_http_methods(["GET", "HEAD"])
@never_cache
def finish(request: HttpRequest, authentication: str) -> HttpResponse:
    """Log in the user who returns from the provider, and continue to the requested page."""
    if not _is_offered(authentication):
        return errors.not_found(request)
    state = request.GET.get("state", "")
    destination = request.get_signed_cookie(
        _cookie(state), default="", salt=f"{authentication}:{state}", max_age=COOKIE_SECONDS
    )
    if not state or not destination:
        return _failed(request, NOT_STARTED)
    response = _logged_in(request, authentication, state, destination)
    # A state is valid for one attempt, successful or not.
    response.delete_cookie(_cookie(state), path=_cookie_path(), samesite="Lax")
    return response


def _logged_in(request: HttpRequest, authentication: str, state: str, destination: str) -> HttpResponse:
    if "error" in request.GET or not request.GET.get("code"):
        return _failed(request, CANCELLED)
    credentials = {
        "redirect_url": registry.callback_url(registry.site().base_url, authentication),
        "state": state,
        "code": request.GET["code"],
        # The issuer of the response (RFC 9207) shows when another provider has sent it (mix-up attack).
        "iss": request.GET.get("iss", ""),
    }
    try:
        user = finish_external_login(
            authentication=authentication,
            credentials=credentials,
            address=client_network_of(request),
            now=timezone.now(),
        )
    except UserWorkspacesError as error:
        return errors.response_for(request, error, fragment=False)
    if is_kept_out(user):
        return errors.forbidden(request, ADMINISTRATORS_REJECTED)
    login(request, user, backend=BACKEND)
    return continue_to(request, destination)


def _is_offered(authentication: str) -> bool:
    return authentication in {provider.authentication for provider in login_providers()}


def _cookie(state: str) -> str:
    """Return the cookie name of one login; users may start two at once, in two tabs."""
    # A digest, because a state may hold characters that cookie names do not allow.
    return own_cookie(COOKIE + hashlib.sha256(state.encode(errors="replace")).hexdigest()[:16])


def _cookie_path() -> str:
    """Return the path of the cookie; the prefix `__Host-` requires `/`."""
    return "/" if settings.SESSION_COOKIE_SECURE else COOKIE_PATH


def _failed(request: HttpRequest, message: str) -> HttpResponse:
    return render(request, "portal/error.html", {"message": message}, status=400)
