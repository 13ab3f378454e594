"""Drops cookies with invalid names, and rejects requests with two different session or CSRF cookies.

Cookies do not depend on ports. If a session is served on a port of the portal's host without TLS (no `__Host-`
prefix), a page in the session can set a cookie of the portal's name and make its reader act under another login.

Django strips every Unicode space from a cookie name, browsers do not: U+2000 in front of a name hides its prefix.
"""

import re
from collections.abc import Callable
from http.cookies import Morsel, SimpleCookie
from itertools import product

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from user_workspaces.jobs.session_urls import split_host

# Each path adds several headers to the response, and the client chooses the length of its path.
MOST_PATHS = 24
PAIR = re.compile(r"[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*=")
MESSAGE = (
    "Your browser sent two different logins, so another site may have set one of them. Both have been removed. "
    "Please log in again."
)


class ConflictingCookies:
    """Rejects a request with conflicting cookies, and deletes them for every path and domain that can have set them."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass on requests without conflicting cookies."""
        # Django parses `COOKIES` from this header at the first access and keeps the result.
        header = request.META["HTTP_COOKIE"] = without_odd_names(request.META.get("HTTP_COOKIE", ""))
        conflicting = _conflicting(header)
        if not conflicting:
            return self._get_response(request)
        request.COOKIES.clear()  # the page must not be rendered for either of the two users
        context = {"title": "Log in again", "message": MESSAGE, "link": "/login/", "link_text": "Log in"}
        response = render(request, "portal/status_page.html", context, status=400)
        response["Cache-Control"] = "no-store"
        host = split_host(request.get_host())[0]
        # Only the same name, path and domain delete a cookie, and browsers send neither path nor domain.
        for name, path, domain in product(conflicting, _paths(request.path), ("", host)):
            # The key only has to be unique: the header is written from the morsel, which has its own name.
            response.cookies[f"{name} {path} {domain}"] = _deletion(name, path=path, domain=domain)
        return response


def without_odd_names(header: str) -> str:
    """Return a `Cookie` header without pairs whose name is not a token (RFC 6265, 4.1.1)."""
    return ";".join(pair for pair in header.split(";") if PAIR.match(pair))


def _conflicting(header: str) -> list[str]:
    """Return the names of session and CSRF cookies that the header contains with two values."""
    names = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
    # A longer name that ends the same way counts, too; it only costs the exact comparison.
    if all(header.count(f"{name}=") <= 1 for name in names):  # the fast path for nearly all requests
        return []
    # A set: the same pair twice is harmless, since both values select the same session.
    pairs = {part.strip().partition("=")[::2] for part in header.split(";")}
    return [name for name in names if sum(1 for known, _ in pairs if known.strip() == name) > 1]


def _paths(path: str) -> list[str]:
    """Return every cookie path that matches the path of this request (RFC 6265, 5.1.4)."""
    parts = path.rstrip("/").split("/")
    below = ["/".join(parts[:length]) for length in range(2, len(parts) + 1)]
    known = dict.fromkeys(path for part in below for path in (part, f"{part}/") if path.strip("/"))
    return ["/", *known][:MOST_PATHS]


def _deletion(name: str, *, path: str, domain: str) -> "Morsel[str]":
    """Return a morsel that deletes one cookie; a response can hold several of one name only as separate morsels."""
    cookie = SimpleCookie({name: ""})
    morsel = cookie[name]
    morsel["path"], morsel["domain"], morsel["max-age"], morsel["httponly"] = path, domain, "0", True
    # Browsers ignore a `__Host-` cookie without `Secure`, even one that deletes.
    if settings.SESSION_COOKIE_SECURE:
        morsel["secure"] = True
    return morsel
