"""The administration's site: it uses the portal's login, and does not exist for other users."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, resolve_url
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path
from django.utils.http import url_has_allowed_host_and_scheme

from user_workspaces.accounts.actions import end_sessions
from user_workspaces.accounts.models import User
from user_workspaces.accounts.password_logins import may_log_in
from user_workspaces.jobs.queries import load_of_resources
from user_workspaces.observability.correlation import bind_user

View = Callable[..., HttpResponseBase]
HOME = "/admin/"


class AdministrationSite(AdminSite):
    """The administration, for staff; it has no login page of its own."""

    site_header = site_title = "User Workspaces administration"
    index_title = "Overview"
    index_template = "administration/index.html"
    site_url = "/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Return True for an administrator who may log in."""
        return super().has_permission(request) and may_log_in(request.user)

    def admin_view(self, view: View, cacheable: bool = False) -> Any:  # noqa: ANN401, FBT001, FBT002  the signature of Django
        """Return status 404 to users without the permission, as for an unknown page."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            # Before Django's check, which redirects to the login and so reveals that the page exists.
            self._hide_from_users(request)
            if isinstance(request.user, User):
                bind_user(request.user.pk)
            return inner(request, *args, **kwargs)

        return guarded

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Redirect to the portal's login, and from there back to the page."""
        self._hide_from_users(request)
        wanted = request.GET.get("next", HOME)
        # `//host` leads to another site: a phishing page could follow a genuine login.
        inside = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
        target = wanted if inside else HOME
        return redirect(target) if self.has_permission(request) else redirect_to_login(target)

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:  # noqa: ANN401  a redirect
        """Log out as in the portal, which also ends the access to open sessions."""
        # Only POST requires the CSRF token: an image on another site must not log users out.
        if request.method == "POST" and isinstance(request.user, User):
            # Before `logout`, which replaces the user of the request by an anonymous one.
            end_sessions(user=request.user)
            logout(request)
        return redirect(resolve_url(settings.LOGIN_URL))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Add the page of running jobs."""
        # Before Django's URLs, whose last pattern matches every path.
        return [path("running/", self.admin_view(self.running), name="running"), *super().get_urls()]

    def running(self, request: HttpRequest) -> HttpResponse:
        """Show the running jobs: a row for each resource and status."""
        context = {**self.each_context(request), "title": "Running jobs", "loads": load_of_resources()}
        return TemplateResponse(request, "administration/running.html", context)

    def _hide_from_users(self, request: HttpRequest) -> None:
        if request.user.is_authenticated and not self.has_permission(request):
            raise Http404


administration = AdministrationSite(name="admin")
