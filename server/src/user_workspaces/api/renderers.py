"""JSON in and out, by orjson."""

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
    """Decimal quantities are strings, as clients expect."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def as_json(data: object) -> bytes:
    """Return anything that an answer may hold as JSON."""
    return orjson.dumps(data, default=_plain)


class OrjsonRenderer(BaseRenderer):
    """Writes JSON."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: object,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, object] | None = None,
    ) -> bytes:
        """Return the body; None is an empty one."""
        return b"" if data is None else as_json(data)


class InPieces(HttpResponse):
    """JSON that is there in pieces, and is sent so: put together, a long list would be in memory once more."""

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__(content_type=OrjsonRenderer.media_type)
        self._container = pieces
        self["Content-Length"] = str(sum(map(len, pieces)))


class AlwaysJson(BaseContentNegotiation):
    """There is one form of answer and one of request, whatever a client says that it would like."""

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
    """Reads JSON, strictly, whatever the header calls it: `curl -d` calls everything a form."""

    media_type = "*/*"
    most: int | None = None
    """Bytes of a body; None: what the settings say."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, object] | None = None,
    ) -> dict[str, Any]:
        """Return the object; an empty body is `NoBody`."""
        most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE if self.most is None else self.most
        raw = stream.read(most + 1)
        if len(raw) > most:
            raise RequestDataTooBig
        try:
            found = orjson.loads(raw) if raw.strip() else NoBody()
        except orjson.JSONDecodeError as error:
            raise ParseError(f"The body is not JSON: {error}") from None
        if not isinstance(found, dict):
            raise ParseError("The body must be a JSON object.")
        return found


class CredentialsParser(OrjsonParser):
    """Reads what anybody may send: little, so that it is all there before a thread looks at it."""

    most = 64 * 1024
