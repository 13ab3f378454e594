"""The way back to where somebody came from: only ever a path of our own."""

from urllib.parse import urlsplit

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme


def where_they_were(request: HttpRequest) -> str:
    """Return the path of the page that sent this form; `/` when the browser does not say."""
    return path_of(request.headers.get("Referer", ""))


def path_of(address: str) -> str:
    """Return the path of an address that a browser sent, with its query; `/` for what is no address."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return "/"
    path = "/" + parts.path.lstrip("/\\")
    return f"{path}?{parts.query}" if parts.query else path


def where_they_wanted_to(request: HttpRequest) -> str:
    """Return the `next` of a log-in form; `/` for one that leads elsewhere."""
    wanted = request.POST.get("next") or request.GET.get("next") or "/"
    inside = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if inside and wanted.startswith("/") else "/"
