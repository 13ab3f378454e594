"""Responses for requests of browsers and of htmx."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from user_workspaces.portal.access import wants_fragment

CHANGED = "uws-changed"
"""The event on which live fragments reload at once."""


def go_to(request: HttpRequest, address: str) -> HttpResponse:
    """Redirect the browser to another page."""
    return HttpResponseClientRedirect(address) if wants_fragment(request) else HttpResponseRedirect(address)


def done(request: HttpRequest, address: str) -> HttpResponse:
    """Close the dialog and reload the fragments behind it; without htmx, redirect to the address."""
    if not wants_fragment(request):
        return HttpResponseRedirect(address)
    return trigger_client_event(HttpResponse(), CHANGED)
