"""The logo and the terms of use, if the operator has configured files for them."""

from csp.decorators import csp
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from user_workspaces import registry
from user_workspaces.portal.errors import not_found

PASSIVE_CONTENT = {
    "default-src": ["'none'"],
    "style-src": ["'unsafe-inline'"],  # styles inside an SVG
    "img-src": ["data:"],
    "sandbox": True,
}


@require_safe
@csp(PASSIVE_CONTENT)
def logo(request: HttpRequest) -> HttpResponse:
    """Send the logo; the policy blocks scripts in an SVG even if it is opened directly."""
    own = registry.site().branding
    if not own.logo:
        return not_found(request)
    return HttpResponse(own.logo, content_type=own.logo_type, headers={"Cache-Control": "public, max-age=3600"})


@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """Show the terms of use."""
    own = registry.site().branding
    return render(request, "portal/terms.html", {"terms": own.terms}) if own.terms else not_found(request)
