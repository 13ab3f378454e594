"""Django as a WSGI application."""

import os
from typing import Any

import django
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "user_workspaces.config.settings")


class Request(WSGIRequest):
    """A request whose content type may be anything: Django fails on some before there is a view to answer."""

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
