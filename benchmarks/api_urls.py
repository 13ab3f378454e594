"""The project's URLs, and `/constant/<name>`, a view that returns constant bytes without any query."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import path

from user_workspaces.config.urls import handler404, handler500
from user_workspaces.config.urls import urlpatterns as ours

__all__ = ["handler404", "handler500", "urlpatterns"]


@cache
def _content(name: str) -> bytes:
    folder: Path = settings.DATA_DIR
    return (folder / f"constant-{name}").read_bytes()


def constant(_request: HttpRequest, name: str) -> HttpResponse:
    """Return the contents of the file."""
    return HttpResponse(_content(name), content_type="application/json")


urlpatterns = [path("constant/<slug:name>", constant), *ours]
