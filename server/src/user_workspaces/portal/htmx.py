"""The answers that both browsers and htmx understand."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from user_workspaces.portal.access import wants_fragment

CHANGED = "uws-changed"
"""What live parts listen to: look again at once."""


def go_to(request: HttpRequest, address: str) -> HttpResponse:
    """Send the browser to another page."""
    return HttpResponseClientRedirect(address) if wants_fragment(request) else HttpResponseRedirect(address)


def done(request: HttpRequest, address: str) -> HttpResponse:
    """Answer a dialog: it closes and the page behind it looks again; without htmx the browser goes there."""
    if not wants_fragment(request):
        return HttpResponseRedirect(address)
    return trigger_client_event(HttpResponse(), CHANGED)
