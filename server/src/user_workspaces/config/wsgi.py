"""Django as a WSGI application."""

import os
import sys
from typing import Any

import django
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import LimitedStream, WSGIHandler, WSGIRequest
from django.http.request import split_domain_port

from user_workspaces import registry
from user_workspaces.jobs.session_urls import is_ip_address

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "user_workspaces.config.settings")


UNKNOWN_LENGTH = "-1"
"""`CONTENT_LENGTH` of a body whose end shows when it comes: it is not 0, so there is a body."""


class Request(WSGIRequest):
    """A request whose content type may be anything: Django fails on some before there is a view to answer.

    And one whose body may come without a length: Django takes that for an empty one.
    """

    def __init__(self, environ: dict[str, Any]) -> None:
        super().__init__(environ)
        if "HTTP_TRANSFER_ENCODING" in environ:
            environ["CONTENT_LENGTH"] = UNKNOWN_LENGTH
            self._stream = LimitedStream(environ["wsgi.input"], sys.maxsize)  # type: ignore[assignment]  # the stubs take no stream of Django's own

    def get_host(self) -> str:
        """Return the `Host` field; raises `DisallowedHost` for one that is not ours. See `is_portal_host`."""
        try:
            return super().get_host()
        except DisallowedHost:
            host = self._get_raw_host()  # type: ignore[attr-defined]  # the stubs leave it out
            name, _ = split_domain_port(host)
            if registry.site().any_ip_address and is_ip_address(name):
                return str(host)
            raise

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        """Take one that cannot be read for none."""
        try:
            super()._set_content_type_params(meta)  # type: ignore[misc]  # the stubs leave it out
        except ValueError:
            meta["CONTENT_TYPE"] = ""
            super()._set_content_type_params(meta)  # type: ignore[misc]  # the same


class Handler(WSGIHandler):
    """Answers such requests."""

    request_class = Request


django.setup(set_prefix=False)
application = Handler()
