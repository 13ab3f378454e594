"""Finds the requests for views that transfer files, by the URL configuration.

The event loop has to choose a pool of threads for each request before Django resolves its path. To resolve it twice
would cost each request a tenth of a millisecond, so all patterns are compiled into one regular expression.
"""

import re
from collections.abc import Iterator
from functools import cache

from django.urls import URLResolver, get_resolver

from user_workspaces.transfers.views import is_transfer

# Named and plain groups; `(?:`, assertions and escaped parentheses are left as they are.
CAPTURE = re.compile(r"(?<!\\)\((?:\?P<\w+>|(?!\?))")


def is_transfer_path(path: str) -> bool:
    """Return whether the view of a path is marked with `transfer`."""
    found = _patterns().fullmatch(path)
    return found is not None and found.lastindex is not None


@cache
def _patterns() -> re.Pattern[str]:
    """Return all patterns as alternatives in the order of Django's resolver; those of marked views are groups."""
    return re.compile("|".join(_alternatives(get_resolver())))


def _alternatives(resolver: URLResolver) -> Iterator[str]:
    outer = _plain(resolver.pattern.regex.pattern)
    inner: list[str] = []
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            inner += _alternatives(one)
        else:
            regex = _plain(one.pattern.regex.pattern)
            inner.append(f"({regex})" if is_transfer(one.callback) else f"(?:{regex})")
    yield f"{outer}(?:{'|'.join(inner)})"


def _plain(regex: str) -> str:
    """Return a pattern without anchors and groups, whose names repeat."""
    return CAPTURE.sub("(?:", regex.removeprefix("^").removesuffix(r"\Z"))
