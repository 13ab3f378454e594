"""Parsers and renderers for JSON, with orjson."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import IO, Any

import orjson
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpResponse
from rest_framework.exceptions import ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


def _plain(value: object) -> str:
    """Return a decimal number as text, as clients expect it."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def as_json(data: object) -> bytes:
    """Return the data of a response as JSON."""
    return orjson.dumps(data, default=_plain)


class OrjsonRenderer(BaseRenderer):
    """Renders JSON."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: object,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, object] | None = None,
    ) -> bytes:
        """Return the body; it is empty for None."""
        return b"" if data is None else as_json(data)


class ChunkedJsonResponse(HttpResponse):
    """JSON in chunks, which are sent one by one: joining them would hold a long list in memory twice."""

    def __init__(self, chunks: list[bytes]) -> None:
        super().__init__(content_type=OrjsonRenderer.media_type)
        self._container = chunks  # Django would join them
        self["Content-Length"] = str(sum(map(len, chunks)))


class AlwaysJson(BaseContentNegotiation):
    """Selects JSON for requests and responses, whatever the headers of the client ask for."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:
        """Return the view's parser."""
        return next(iter(parsers))

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return JSON."""
        renderer = next(iter(renderers))
        return renderer, renderer.media_type


class NoBody(dict[str, Any]):
    """The data of a request without a body."""


class OrjsonParser(BaseParser):
    """Parses JSON whatever the header `Content-Type` says: `curl -d` sends the type of a form."""

    media_type = "*/*"
    max_bytes: int | None = None
    """Of a body; None: `DATA_UPLOAD_MAX_MEMORY_SIZE`."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        """Return the object; `NoBody` for an empty body."""
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE if self.max_bytes is None else self.max_bytes
        # Django checks its limit only in `request.body`. One byte more shows that the body is too large.
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise RequestDataTooBig
        try:
            found = orjson.loads(raw) if raw.strip() else NoBody()
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}") from None
        if not isinstance(found, dict):
            raise ParseError("The body must be a JSON object.")
        return found


class CredentialsParser(OrjsonParser):
    """Parses bodies of unauthenticated requests; they are small, so that they arrive before a thread reads them."""

    max_bytes = 64 * 1024
