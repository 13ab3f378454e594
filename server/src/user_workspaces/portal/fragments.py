"""Parts of a page that keep themselves up to date: rendered once, asked for again, sent only when they changed."""

import hashlib
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
FILTER = "filter"
"""The id of the form beside a list."""
MOVING_SECONDS = 1
QUIET_SECONDS = 15


@dataclass(frozen=True, slots=True)
class LiveFragment:
    """A rendered part; `mark` stands for all that can be seen of it."""

    html: SafeString
    mark: str
    title: str


def live_part(
    request: HttpRequest,
    template: str,
    context: Mapping[str, object],
    *,
    name: str,
    title: str,
    moves: bool,
    asleep_when_hidden: bool = True,
    told: bool = False,
) -> LiveFragment:
    """Render a part that asks for itself again: each second while something moves, seldom otherwise.

    `told`: all that moves in it are jobs, whose changes the page is told of, as long as it has a WebSocket.
    """
    inner = render_to_string(template, dict(context), request)
    seconds = MOVING_SECONDS if moves else QUIET_SECONDS
    mark = hashlib.blake2b(f"{seconds}{title}{inner}".encode(), digest_size=8).hexdigest()
    query = request.GET.copy()
    query.pop(SEEN, None)
    frame = {
        "name": name,
        "url": f"{request.path}?{query.urlencode()}" if query else request.path,
        "seconds": seconds,
        "asleep_when_hidden": asleep_when_hidden,
        "told": told,
        "mark": mark,
        "inner": inner,
    }
    return LiveFragment(html=render_to_string("portal/live_fragment.html", frame), mark=mark, title=title)


def respond_with(request: HttpRequest, part: LiveFragment) -> HttpResponse:
    """Answer with the part alone; with nothing when what is shown is what there is.

    So an open menu, the focus and what a screen reader says stay as they are while nothing happens.
    """
    if request.GET.get(SEEN) == part.mark:
        return HttpResponse(status=204)
    return HttpResponse(f"<title>{escape(part.title)}</title>{part.html}")


def respond_with_list(request: HttpRequest, template: str, form: ListForm, part: LiveFragment) -> HttpResponse:
    """Answer with the page of a list, or with the list alone; the address holds what its filter says."""
    if not wants_fragment(request):
        return render(request, template, {"form": form, "list": part.html, "title": part.title})
    response = respond_with(request, part)
    if request.headers.get("HX-Trigger") != FILTER:
        return response
    query = urlencode(form.wanted)
    return push_url(response, f"{request.path}?{query}" if query else request.path)
