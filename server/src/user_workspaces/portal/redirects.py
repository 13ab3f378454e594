"""Redirects back to the previous page, restricted to paths of this server."""

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def referring_path(request: HttpRequest) -> str:
    """Return the path of the page that sent this form; `/` without a `Referer`."""
    return path_of(request.headers.get("Referer", ""))


def path_of(address: str) -> str:
    """Return the path and query of a URL that a browser sent; `/` for an invalid one."""
    try:
        # `urlsplit` raises ValueError for an invalid IPv6 address.
        parts = urlsplit(address)
    except ValueError:
        return "/"
    # Browsers read `//host` and `/\host` as another host.
    path = "/" + parts.path.lstrip("/\\")
    return f"{path}?{parts.query}" if parts.query else path


def next_path(request: HttpRequest) -> str:
    """Return the `next` of a login form; `/` if it leads to another site."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    # Otherwise a prepared link could lead from a genuine login to a phishing page.
    inside = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if inside and wanted.startswith("/") else "/"
