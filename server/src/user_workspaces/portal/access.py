"""Access to pages: one decorator checks login, method and caching, so that no view can forget one of them."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from user_workspaces.accounts.models import User
from user_workspaces.accounts.password_logins import may_log_in
from user_workspaces.errors import UserWorkspacesError
from user_workspaces.observability.correlation import bind_user
from user_workspaces.portal import errors
from user_workspaces.portal.redirects import path_of
from user_workspaces.request_target import path_as_sent, query_as_sent, target

Parameters = ParamSpec("Parameters")


class UserRequest(HttpRequest):
    """A request of a logged-in user."""

    user: User
    htmx: HtmxDetails


View = Callable[Concatenate[UserRequest, Parameters], HttpResponseBase]
OpenView = Callable[Concatenate[HttpRequest, Parameters], HttpResponseBase]


def wants_fragment(request: HttpRequest) -> bool:
    """Return True if htmx requests a fragment of the page, False if the browser requests the whole page."""
    htmx: HtmxDetails = request.htmx  # type: ignore[attr-defined]  # its middleware puts it there
    # After a miss in its history cache, htmx requests the whole page with its usual headers.
    return bool(htmx) and not htmx.history_restore_request


def page(*methods: str) -> Callable[[View[Parameters]], OpenView[Parameters]]:
    """Decorate a view: logged-in users and these methods only, never cached.

    A `UserWorkspacesError` becomes a message for the user; see `errors.response_for`.
    """

    def decorate(view: View[Parameters]) -> OpenView[Parameters]:
        @require_http_methods([*methods, "HEAD"] if "GET" in methods else list(methods))
        # Around the login check, so that no cache keeps a redirect to the login.
        @never_cache
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Parameters.args, **kwargs: Parameters.kwargs) -> HttpResponseBase:
            if not is_logged_in_user(request):
                return to_login(request)
            # Log lines of this request name the user from here on.
            bind_user(cast(UserRequest, request).user.pk)
            try:
                return view(cast(UserRequest, request), *args, **kwargs)
            except UserWorkspacesError as error:
                return errors.response_for(request, error, fragment=wants_fragment(request))

        return cast("OpenView[Parameters]", wrapper)

    return decorate


def is_logged_in_user(request: HttpRequest) -> bool:
    """Return whether a user is logged in."""
    return may_log_in(request.user)


def to_login(request: HttpRequest) -> HttpResponse:
    """Redirect to the login form and back afterwards; a fragment cannot show it, so the whole page goes there."""
    if not wants_fragment(request):
        # A redirect cannot repeat a POST, so it leads back to the start page.
        back = target(path_as_sent(request), query_as_sent(request)) if request.method == "GET" else "/"
        return redirect_to_login(back)
    # The login leads back to the page that the browser shows: the path of the fragment has only a part of it.
    return HttpResponseClientRedirect(redirect_to_login(path_of(request.headers.get("HX-Current-URL", ""))).url)
