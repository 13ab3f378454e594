"""Logging in by password or by a one-time link, and logging out."""

from django.contrib.auth import login, logout
from django.contrib.auth.forms import AuthenticationForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from user_workspaces.accounts.actions import end_sessions, redeem_login_link
from user_workspaces.accounts.models import User
from user_workspaces.accounts.queries import person_of_login_link
from user_workspaces.portal.access import PersonRequest, is_person, page
from user_workspaces.portal.returning import where_they_wanted_to

BACKEND = "django.contrib.auth.backends.ModelBackend"
LEADS_OUT = "/open/"


class LoginForm(AuthenticationForm):
    """Name and password; services are refused as if their password were wrong."""

    def confirm_login_allowed(self, user: object) -> None:
        """Raise for whoever is not an active person."""
        if not isinstance(user, User) or not user.is_active or user.is_service:
            raise ValidationError(self.get_invalid_login_error())


@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def log_in(request: HttpRequest) -> HttpResponse:
    """Ask for name and password."""
    destination = where_they_wanted_to(request)
    if request.method != "POST" and is_person(request):
        return HttpResponseRedirect(destination)
    form = LoginForm(request, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        login(request, form.get_user(), backend=BACKEND)
        return _go_on(request, destination)
    status = 422 if form.is_bound else 200
    return render(request, "portal/log_in.html", {"form": form, "next": destination}, status=status)


@sensitive_variables("secret")
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def log_in_by_link(request: HttpRequest, secret: str) -> HttpResponse:
    """Show whose link it is; the button uses it up. Programs that look into mails follow links."""
    now = timezone.now()
    if request.method != "POST":
        person = person_of_login_link(text=secret, now=now)
        return render(request, "portal/log_in_by_link.html", {"person": person}, status=200 if person else 410)
    redeemed = redeem_login_link(text=secret, now=now)
    if redeemed is None or redeemed.is_service:
        return render(request, "portal/log_in_by_link.html", {"person": None}, status=410)
    login(request, redeemed, backend=BACKEND)
    return redirect("portal:workspaces")


@page("POST")
def log_out(request: PersonRequest) -> HttpResponse:
    """End this log-in and, with it, the way into every open session; the sessions themselves run on."""
    end_sessions(user=request.user)
    logout(request)
    return redirect("portal:login")


def _go_on(request: HttpRequest, destination: str) -> HttpResponse:
    """A form may not lead to another origin, not even by redirects: the way to a session takes one more step."""
    if destination.startswith(LEADS_OUT):
        return render(request, "portal/logged_in.html", {"destination": destination})
    return HttpResponseRedirect(destination)
