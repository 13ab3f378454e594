"""Logging in by password or by a one-time link, and logging out."""

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
from user_workspaces.accounts.password_logins import ADMINISTRATORS_REFUSED, is_kept_out
from user_workspaces.accounts.queries import user_of_login_link
from user_workspaces.accounts.rate_limit import client_network_of
from user_workspaces.errors import AuthenticationRejected, TooManyAttempts
from user_workspaces.portal import errors
from user_workspaces.portal.access import UserRequest, is_logged_in_user, page
from user_workspaces.portal.auth.providers import login_providers
from user_workspaces.portal.profile.passwords import note_link
from user_workspaces.portal.redirects import where_they_wanted_to

BACKEND = "django.contrib.auth.backends.ModelBackend"
LEADS_OUT = "/open/"


class LoginForm(AuthenticationForm):
    """Name and password; services are refused as if their password were wrong. What is wrong is counted."""

    retry_after = 0

    def clean(self) -> dict[str, Any]:
        """Try the password, unless there were too many."""
        assert self.request is not None  # noqa: S101  the view hands it over
        name = str(self.cleaned_data.get("username") or "")
        try:
            with counted_log_in(address=client_network_of(self.request), username=name, now=timezone.now()):
                return super().clean()
        except TooManyAttempts as error:
            self.retry_after = error.retry_after
            raise ValidationError(error.message) from None

    def confirm_login_allowed(self, user: object) -> None:
        """Raise for whoever is not an active person."""
        if not isinstance(user, User) or not user.is_active or user.is_service:
            raise ValidationError(self.get_invalid_login_error())
        if is_kept_out(user):
            raise ValidationError(ADMINISTRATORS_REFUSED)


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def log_in(request: HttpRequest) -> HttpResponse:
    """Ask for name and password."""
    destination = where_they_wanted_to(request)
    if request.method != "POST" and is_logged_in_user(request):
        return HttpResponseRedirect(destination)
    form = LoginForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user(), backend=BACKEND)
        return go_on(request, destination)
    status = 429 if form.retry_after else 422 if form.is_bound else 200
    context = {"form": form, "next": destination, "ways": login_providers()}
    shown = render(request, "portal/log_in.html", context, status=status)
    if form.retry_after:
        shown["Retry-After"] = str(form.retry_after)
    return shown


@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def log_in_by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Show whose link it is; the button uses it up. Programs that look into mails follow links."""
    now = timezone.now()
    if request.method != "POST":
        person = user_of_login_link(text=secret, now=now)
        return render(request, "portal/log_in_by_link.html", {"person": person}, status=200 if person else 410)
    try:
        redeemed = sign_in_by_link(text=secret, address=client_network_of(request), now=now)
    except TooManyAttempts as error:
        return errors.too_many(request, error)
    except AuthenticationRejected:
        return render(request, "portal/log_in_by_link.html", {"person": None}, status=410)
    if is_kept_out(redeemed):
        return errors.forbidden(request, ADMINISTRATORS_REFUSED)
    login(request, redeemed, backend=BACKEND)
    note_link(request, now=now)
    return redirect("portal:workspaces")


@page("POST")
def log_out(request: UserRequest) -> HttpResponse:
    """End this log-in and, with it, the way into every open session; the sessions themselves run on."""
    end_sessions(user=request.user)
    logout(request)
    return redirect("portal:login")


def go_on(request: HttpRequest, destination: str) -> HttpResponse:
    """A form may not lead to another origin, not even by redirects: the way to a session takes one more step."""
    if destination.startswith(LEADS_OUT):
        return render(request, "portal/logged_in.html", {"destination": destination})
    return HttpResponseRedirect(destination)
