"""The logo and the terms of use of this server, where the operator has named files."""

from csp.decorators import csp
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from user_workspaces import registry
from user_workspaces.portal.errors import not_found

NOTHING_ACTIVE = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],  # an SVG's own
    "img-src": ["data:"],
    "sandbox": True,
}


@require_safe
@csp(NOTHING_ACTIVE)
def logo(request: HttpRequest) -> HttpResponse:
    """Answer the picture; nothing in it runs, also when it is opened by itself."""
    own = registry.site().branding
    if not own.logo:
        return not_found(request)
    return HttpResponse(own.logo, content_type=own.logo_type, headers={"Cache-Control": "public, max-age=3600"})


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """Show the text."""
    own = registry.site().branding
    return render(request, "portal/terms.html", {"terms": own.terms}) if own.terms else not_found(request)
