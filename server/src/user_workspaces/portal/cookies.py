"""Drops cookies with odd names, and refuses requests with two different ones of our names: one of them was planted.

Cookies know no ports. So where a session has a port of the portal's host, and no TLS gives us `__Host-`, a page in the
session can set a cookie of the portal's name, and have its reader act under a login of its own choice.

Django strips every Unicode space from a name, browsers do not: with U+2000 in front, they see no prefix.
"""

import re
from collections.abc import Callable
from http.cookies import Morsel, SimpleCookie
from itertools import product

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from user_workspaces.jobs.session_urls import split_host

MOST_PATHS = 24
PAIR = re.compile(r"[ \t]*[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]*=")
MESSAGE = (
    "This browser sent two different log-ins, so a page that is not ours may have set one of them. Both were deleted: "
    "log in again."
)


class ConflictingCookies:
    """Answers such a request itself, and deletes the cookies wherever they can have been set."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Let through what is not ambiguous."""
        header = request.META["HTTP_COOKIE"] = without_odd_names(request.META.get("HTTP_COOKIE", ""))
        conflicting = _conflicting(header)
        if not conflicting:
            return self._get_response(request)
        request.COOKIES.clear()
        notice = {"title": "Log in again", "message": MESSAGE, "link": "/login/", "link_text": "Log in"}
        response = render(request, "portal/status_page.html", notice, status=400)
        response["Cache-Control"] = "no-store"
        host = split_host(request.get_host())[0]
        for name, path, domain in product(conflicting, _paths(request.path), ("", host)):
            response.cookies[f"{name} {path} {domain}"] = _deletion(name, path=path, domain=domain)
        return response


def without_odd_names(header: str) -> str:
    """Return a `Cookie` header with those pairs alone whose name is a token (RFC 6265, 4.1.1)."""
    return ";".join(pair for pair in header.split(";") if PAIR.match(pair))


def _conflicting(header: str) -> list[str]:
    """Return which of our names come with two values."""
    names = (settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME)
    if all(header.count(f"{name}=") <= 1 for name in names):  # nearly always
        return []
    pairs = {part.strip().partition("=")[::2] for part in header.split(";")}
    return [name for name in names if sum(1 for known, _ in pairs if known.strip() == name) > 1]


def _paths(path: str) -> list[str]:
    """Return every path for which a cookie can have been set to be sent with this request (RFC 6265, 5.1.4)."""
    parts = path.rstrip("/").split("/")
    below = ["/".join(parts[:length]) for length in range(2, len(parts) + 1)]
    known = dict.fromkeys(path for part in below for path in (part, f"{part}/") if path.strip("/"))
    return ["/", *known][:MOST_PATHS]


def _deletion(name: str, *, path: str, domain: str) -> "Morsel[str]":
    """Return what deletes one cookie; a response holds many of one name only as morsels of its own."""
    cookie = SimpleCookie({name: ""})
    morsel = cookie[name]
    morsel["path"], morsel["domain"], morsel["max-age"], morsel["httponly"] = path, domain, "0", True
    if settings.SESSION_COOKIE_SECURE:
        morsel["secure"] = True
    return morsel
