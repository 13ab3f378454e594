"""`/schema/`, the OpenAPI schema, and the pages that show it; each process generates it once."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import orjson
from csp.decorators import csp_replace
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer
from rest_framework.views import APIView

from user_workspaces import registry
from user_workspaces.api.errors import not_allowed
from user_workspaces.interfaces.settings import Branding

Routes = Iterable[tuple[str, type[APIView]]]
Page = Callable[[HttpRequest], HttpResponseBase]
FILE = "<file:path>"
YAML, JSON = "application/yaml", "application/json"

ITSELF = ["'self'"]
PAGE_POLICY = {
    "default-src": ["'none'"],
    "script-src": ITSELF,
    "style-src": ITSELF,
    "img-src": ["'self'", "data:"],
    "font-src": ITSELF,
    "connect-src": ITSELF,
    "form-action": ["'none'"],
    "base-uri": ["'none'"],
    "frame-ancestors": ["'none'"],
}
REDOC_POLICY = {
    **PAGE_POLICY,
    "style-src": ["'self'", "'unsafe-inline'"],  # Redoc creates style elements
    "worker-src": ["blob:"],  # the search of Redoc
}


def describe_api(routes: Routes, *, branding: Branding | None = None, public_url: str = "") -> dict[str, Any]:
    """Return the OpenAPI schema of these routes, with trailing slashes except for paths of files.

    Without `branding` and `public_url` it is the same on every server.
    """
    patterns = [path(route if route.endswith(FILE) else f"{route}/", view.as_view()) for route, view in routes]
    generator = SchemaGenerator(patterns=patterns)  # type: ignore[no-untyped-call]  # drf-spectacular has no types
    # `public` includes every operation; otherwise the permissions of a request would select them.
    described: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # drf-spectacular has no types
    described["servers"] = [{"url": public_url or "/", "description": "This server."}]
    described["info"] |= _contact(branding or Branding(), public_url)
    return described


def _contact(own: Branding, public_url: str) -> dict[str, Any]:
    """Return the contact and the terms of service."""
    terms = own.terms_url or (f"{public_url}{reverse('portal:terms')}" if own.terms else "")
    key = "url" if "://" in own.contact else "email"
    contact = {**({"name": own.name} if own.name else {}), **({key: own.contact} if own.contact else {})}
    return {**({"contact": contact} if contact else {}), **({"termsOfService": terms} if terms else {})}


def as_yaml(described: dict[str, Any]) -> bytes:
    """Return a schema as YAML, as it is committed and served."""
    written: bytes = OpenApiYamlRenderer().render(described)  # type: ignore[no-untyped-call]  # drf-spectacular has no types
    return written


def paths(routes: Routes) -> list[URLPattern]:
    """Return the URL patterns of the schema and its pages."""
    views = {"schema": _schema(routes), "docs/swagger": _swagger, "docs/redoc": _redoc}
    return [path(spelling, _read_only(view)) for name, view in views.items() for spelling in (name, f"{name}/")]


def _read_only(view: Page) -> Page:
    def endpoint(request: HttpRequest) -> HttpResponseBase:
        return view(request) if request.method in {"GET", "HEAD"} else not_allowed(request)

    return endpoint


def _schema(routes: Routes) -> Page:
    @cache
    def written(media_type: str) -> bytes:
        site = registry.site()
        described = describe_api(routes, branding=site.branding, public_url=site.public_url)
        return orjson.dumps(described) if media_type == JSON else as_yaml(described)

    def view(request: HttpRequest) -> HttpResponse:
        asked = request.GET.get("format") or request.headers.get("Accept", "")
        media_type = JSON if "json" in asked else YAML
        # `Vary` keeps a cache from sending YAML to a client that wants JSON.
        return HttpResponse(written(media_type), content_type=media_type, headers={"Vary": "Accept"})

    return view


@csp_replace(PAGE_POLICY)
def _swagger(request: HttpRequest) -> HttpResponse:
    return render(request, "api/swagger.html")


@csp_replace(REDOC_POLICY)
def _redoc(request: HttpRequest) -> HttpResponse:
    return render(request, "api/redoc.html")
