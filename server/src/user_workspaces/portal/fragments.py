"""Fragments of a page that poll for their own changes; unchanged fragments are not sent again."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.safestring import SafeString
from django_htmx.http import push_url

from user_workspaces.portal.access import wants_fragment
from user_workspaces.portal.forms import ListForm

SEEN = "seen"
"""Query parameter: the fingerprint of the fragment that the page shows."""
FILTER = "filter"
"""The id of the form beside a list."""
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]*"')
ACTIVE_SECONDS = 1
IDLE_SECONDS = 15


@dataclass(frozen=True, slots=True)
class LiveFragment:
    """A rendered fragment; `fingerprint` is a digest of its visible content."""

    html: SafeString
    fingerprint: str
    title: str


@dataclass(frozen=True, slots=True)
class Polling:
    """How often a fragment refreshes itself: each second while it `moves`, else every 15 seconds."""

    moves: bool
    pushed: bool = False
    """True if the page's WebSocket reports every change in the fragment; it then polls less often."""
    asleep_when_hidden: bool = True


def live_fragment(
    request: HttpRequest, template: str, context: Mapping[str, object], *, name: str, title: str, polling: Polling
) -> LiveFragment:
    """Render a fragment that polls this URL and replaces itself; `name` is its element id."""
    inner = render_to_string(template, dict(context), request)
    seconds = ACTIVE_SECONDS if polling.moves else IDLE_SECONDS
    # Django masks the token anew for each response: with it no fragment with a form would ever be the same.
    shown = TOKEN.sub("", inner)
    # The interval and the title are included, because a 204 changes neither on the page.
    fingerprint = hashlib.blake2b(f"{seconds}{title}{shown}".encode(), digest_size=8).hexdigest()
    query = request.GET.copy()
    query.pop(SEEN, None)  # the next poll adds the fingerprint of this content
    frame = {
        "name": name,
        "url": f"{request.path}?{query.urlencode()}" if query else request.path,
        "seconds": seconds,
        "polling": polling,
        "fingerprint": fingerprint,
        "inner": inner,
    }
    html = render_to_string("portal/live_fragment.html", frame)
    return LiveFragment(html=html, fingerprint=fingerprint, title=title)


def respond_with(request: HttpRequest, fragment: LiveFragment) -> HttpResponse:
    """Return the fragment alone, or 204 if the page shows it already."""
    # Without a swap, an open menu, the focus and the output of a screen reader stay undisturbed.
    if request.GET.get(SEEN) == fragment.fingerprint:
        return HttpResponse(status=204)
    # htmx takes the title of the page from a `<title>` in the response.
    return HttpResponse(f"<title>{escape(fragment.title)}</title>{fragment.html}")


def respond_with_list(request: HttpRequest, template: str, form: ListForm, fragment: LiveFragment) -> HttpResponse:
    """Return the page of a list, or the list alone; the browser's address shows the filter."""
    if not wants_fragment(request):
        return render(request, template, {"form": form, "list": fragment.html, "title": fragment.title})
    response = respond_with(request, fragment)
    # Only the filter form changes the address; a poll must not.
    if request.headers.get("HX-Trigger") != FILTER:
        return response
    query = urlencode(form.wanted)
    return push_url(response, f"{request.path}?{query}" if query else request.path)
