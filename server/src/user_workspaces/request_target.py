"""The request target as the client sent it; Django decodes it, after which `%2F` and `%3F` are lost."""

from urllib.parse import quote, unquote_plus

from django.http import HttpRequest
from django.utils.encoding import escape_uri_path

PATH_CHARACTERS = "/:@!$&'()*+,;=-._~%"
"""Characters that a path may hold (RFC 3986), with the percent sign of encoded ones."""


def path_as_sent(request: HttpRequest) -> str:
    """Return the path, encoded as it was sent."""
    raw_path = request.META.get("asgi.scope", {}).get("raw_path")
    return quote(raw_path, safe=PATH_CHARACTERS) if raw_path else escape_uri_path(request.path)


def query_as_sent(request: HttpRequest, *, without: str = "") -> str:
    """Return the query without `?`, encoded as it was sent; `without` names a parameter to omit."""
    return without_parameter(quote(request.META.get("QUERY_STRING", ""), safe=PATH_CHARACTERS + "?[]"), without)


def without_parameter(query: str, name: str) -> str:
    """Return a query without one parameter, the others unchanged."""
    return "&".join(pair for pair in query.split("&") if unquote_plus(pair.partition("=")[0]) != name or not name)


def target(path: str, query: str) -> str:
    """Join path and query."""
    return f"{path}?{query}" if query else path
