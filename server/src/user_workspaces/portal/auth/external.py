"""Logging in at another site: away to it, and back with a code.

A link leads away, no form: a form may not lead to another origin, not even by redirects. What comes back is taken
from the browser alone that was sent: a cookie is bound to the state, so nobody can be logged in as somebody else by
a link that was made for that.
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
from user_workspaces.accounts.password_logins import ADMINISTRATORS_REFUSED, is_kept_out
from user_workspaces.errors import UserWorkspacesError
from user_workspaces.jobs.tickets import own_cookie
from user_workspaces.portal import errors
from user_workspaces.portal.auth.login import BACKEND, go_on
from user_workspaces.portal.auth.providers import login_providers
from user_workspaces.portal.redirects import where_they_wanted_to
from user_workspaces.portal.sender import client_address_of

COOKIE = "sign-in-"
COOKIE_SECONDS = 600
COOKIE_PATH = "/login/with/"
NOT_BEGUN = "This log-in was not begun in this browser, or more than ten minutes ago. Begin again."
CANCELLED = "The log-in service did not log you in. Begin again."


@require_http_methods(["GET", "HEAD"])
@never_cache
def begin(request: HttpRequest, authentication: str) -> HttpResponse:
    """Send the browser away; it has to be under the name that it is sent back to, or it loses the cookie."""
    if not _is_offered(authentication):
        return errors.not_found(request)
    base = registry.site().base_url
    if request.get_host().lower() != urlsplit(base).netloc.lower():
        return HttpResponseRedirect(f"{base}{request.get_full_path()}")
    try:
        away = begin_external_login(
            credentials={"redirect_url": registry.callback_url(base, authentication)},
            sender=client_address_of(request),
            now=timezone.now(),
            authentication=authentication,
        )
    except UserWorkspacesError as error:
        return errors.response_for(request, error, part=False)
    if away is None:
        return errors.not_found(request)
    response = HttpResponseRedirect(away.auth_uri)
    response.set_signed_cookie(
        _cookie(away.state),
        where_they_wanted_to(request),
        salt=f"{authentication}:{away.state}",
        max_age=COOKIE_SECONDS,
        path=_cookie_path(),
        secure=bool(settings.SESSION_COOKIE_SECURE),
        httponly=True,
        samesite="Lax",
    )
    return response


@sensitive_variables()
@require_http_methods(["GET", "HEAD"])
@never_cache
def finish(request: HttpRequest, authentication: str) -> HttpResponse:
    """Log in who comes back, and go where they wanted to."""
    if not _is_offered(authentication):
        return errors.not_found(request)
    state = request.GET.get("state", "")
    destination = request.get_signed_cookie(
        _cookie(state), default="", salt=f"{authentication}:{state}", max_age=COOKIE_SECONDS
    )
    if not state or not destination:
        return _failed(request, NOT_BEGUN)
    response = _logged_in(request, authentication, state, destination)
    response.delete_cookie(_cookie(state), path=_cookie_path(), samesite="Lax")
    return response


def _logged_in(request: HttpRequest, authentication: str, state: str, destination: str) -> HttpResponse:
    if "error" in request.GET or not request.GET.get("code"):
        return _failed(request, CANCELLED)
    credentials = {
        "redirect_url": registry.callback_url(registry.site().base_url, authentication),
        "state": state,
        "code": request.GET["code"],
        "iss": request.GET.get("iss", ""),
    }
    try:
        user = finish_external_login(
            authentication=authentication,
            credentials=credentials,
            sender=client_address_of(request),
            now=timezone.now(),
        )
    except UserWorkspacesError as error:
        return errors.response_for(request, error, part=False)
    if is_kept_out(user):
        return errors.forbidden(request, ADMINISTRATORS_REFUSED)
    login(request, user, backend=BACKEND)
    return go_on(request, destination)


def _is_offered(authentication: str) -> bool:
    return authentication in {way.authentication for way in login_providers()}


def _cookie(state: str) -> str:
    """Return a name of its own for each log-in: people begin two at once, in two tabs."""
    return own_cookie(COOKIE + hashlib.sha256(state.encode(errors="replace")).hexdigest()[:16])


def _cookie_path() -> str:
    """Return the path of the cookie: one with the prefix `__Host-` has to be for all of the host."""
    return "/" if settings.SESSION_COOKIE_SECURE else COOKIE_PATH


def _failed(request: HttpRequest, message: str) -> HttpResponse:
    return render(request, "portal/error.html", {"message": message}, status=400)
