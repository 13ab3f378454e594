"""Login with a password or a one-time link, and logout."""

from typing import Any

from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from user_workspaces.accounts.actions import end_sessions
from user_workspaces.accounts.login import counted_log_in, sign_in_by_link
from user_workspaces.accounts.models import User
from user_workspaces.accounts.password_logins import ADMINISTRATORS_REJECTED, is_kept_out
from user_workspaces.accounts.queries import user_of_login_link
from user_workspaces.accounts.rate_limit import client_network_of
from user_workspaces.errors import AuthenticationRejected, TooManyAttempts
from user_workspaces.portal import errors
from user_workspaces.portal.access import UserRequest, is_logged_in_user, page
from user_workspaces.portal.auth.providers import login_providers
from user_workspaces.portal.profile.passwords import note_link
from user_workspaces.portal.redirects import next_path

BACKEND = "django.contrib.auth.backends.ModelBackend"
SESSION_PATH = "/open/"


class LoginForm(AuthenticationForm):
    """User name and password. Failures are rate limited; service accounts fail as with a wrong password."""

    retry_after = 0

    def clean(self) -> dict[str, Any]:
        """Check the password, unless the rate limit is exceeded."""
        assert self.request is not None  # noqa: S101  the view passes it
        name = str(self.cleaned_data.get("username") or "")
        try:
            with counted_log_in(address=client_network_of(self.request), username=name, now=timezone.now()):
                return super().clean()
        except TooManyAttempts as error:
            self.retry_after = error.retry_after
            raise ValidationError(error.message) from None

    def confirm_login_allowed(self, user: object) -> None:
        """Reject inactive users, service accounts and, if so configured, administrators."""
        if not isinstance(user, User) or not user.is_active or user.is_service:
            raise ValidationError(self.get_invalid_login_error())
        # Django calls this after the password check, so only the owner of the account gets this message.
        if is_kept_out(user):
            raise ValidationError(ADMINISTRATORS_REJECTED)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def log_in(request: HttpRequest) -> HttpResponse:
    """Show the login form, or log in."""
    destination = next_path(request)
    if request.method != "POST" and is_logged_in_user(request):
        return HttpResponseRedirect(destination)
    form = LoginForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user(), backend=BACKEND)
        return continue_to(request, destination)
    status = 429 if form.retry_after else 422 if form.is_bound else 200
    context = {"form": form, "next": destination, "login_providers": login_providers()}
    shown = render(request, "portal/log_in.html", context, status=status)
    if form.retry_after:
        shown["Retry-After"] = str(form.retry_after)
    return shown


@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def log_in_by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Show the account of a login link, and log in on POST: mail scanners follow links, but press no button."""
    now = timezone.now()
    if request.method != "POST":
        account = user_of_login_link(text=secret, now=now)
        return render(request, "portal/log_in_by_link.html", {"account": account}, status=200 if account else 410)
    try:
        redeemed = sign_in_by_link(text=secret, address=client_network_of(request), now=now)
    except TooManyAttempts as error:
        return errors.too_many(request, error)
    except AuthenticationRejected:
        return render(request, "portal/log_in_by_link.html", {"account": None}, status=410)
    if is_kept_out(redeemed):
        return errors.forbidden(request, ADMINISTRATORS_REJECTED)
    login(request, redeemed, backend=BACKEND)
    note_link(request, now=now)  # after `login`, which starts a new session
    return redirect("portal:workspaces")


@page("POST")
def log_out(request: UserRequest) -> HttpResponse:
    """Log out, and close access to every open session; the sessions keep running."""
    # Before `logout`, which replaces the user of the request by an anonymous one.
    end_sessions(user=request.user)
    logout(request)
    return redirect("portal:login")


def continue_to(request: HttpRequest, destination: str) -> HttpResponse:
    """Redirect to a page; to a session by a page with a refresh, since `form-action` blocks redirects to its origin."""
    if destination.startswith(SESSION_PATH):
        return render(request, "portal/logged_in.html", {"destination": destination})
    return HttpResponseRedirect(destination)
